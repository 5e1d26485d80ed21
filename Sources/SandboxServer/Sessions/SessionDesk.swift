import Hummingbird
import SandboxCore
import SandboxEngine

/// What the routes of a session share: finding it, and checking that the token opens it.
struct SessionDesk: Sendable {
    let engine: Engine
    let options: ServerOptions

    /// The session that the path names.
    func session(_ context: ServerContext) async throws -> SessionRecord { try await engine.session(sessionID(context).rawValue) }

    /// The id of the session that the path names, by id or by name. A token for another session learns nothing, not even whether it exists.
    func sessionID(_ context: ServerContext) async throws -> SessionID {
        let text = context.parameters.get("session") ?? ""
        let grant = try context.granted()
        guard let only = grant.session else { return try await engine.sessionID(text) }
        guard let id = try? await engine.sessionID(text), id == only else {
            try grant.require(session: nil)
            throw SandboxError(.denied, "the token is not for this session")
        }
        return id
    }
}
