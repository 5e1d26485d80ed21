import Hummingbird
import SandboxCore
import SandboxEngine

/// What the routes of a session share: finding it, and checking that the token opens it.
struct SessionDesk: Sendable {
    let engine: Engine
    let options: ServerOptions

    /// The session that the path names, by id or by name. A token for another session learns nothing, not even whether it exists.
    func session(_ context: ServerContext) async throws -> SessionRecord {
        let text = context.parameters.get("session") ?? ""
        let grant = try context.granted()
        if let only = grant.session {
            guard let record = try? await engine.session(text), record.id == only else {
                try grant.require(session: nil)
                throw SandboxError(.denied, "the token is not for this session")
            }
            return record
        }
        return try await engine.session(text)
    }
}
