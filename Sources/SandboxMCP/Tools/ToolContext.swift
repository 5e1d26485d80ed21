import SandboxCore
import SandboxEngine

/// What a call works on, and on whose behalf.
struct ToolContext: Sendable {
    let server: MCPServer
    let access: MCPAccess
    let progress: ProgressReport?

    var engine: Engine { server.engine }
    var policy: MCPPolicy { server.policy }

    /// The session that a call names, or the one that it means by naming none.
    func session(_ arguments: ToolArguments) async throws -> SessionRecord {
        guard let name = try arguments.text("session") else {
            if let only = access.onlySession { return try await engine.session(only.rawValue) }
            let record = try await server.defaultSession.record()
            server.sessions.add(record.id)
            return record
        }
        let record: SessionRecord
        do {
            record = try await engine.session(name)
        } catch let error as SandboxError where error.code == .notFound {
            throw unknown(session: name)
        }
        // What a caller may not reach does not exist for it.
        guard mayReach(record.id) else { throw unknown(session: name) }
        return record
    }

    func files(_ arguments: ToolArguments) async throws -> any SandboxFileSystem {
        try await engine.files(in: try await session(arguments).id)
    }

    func exec(_ arguments: ToolArguments) async throws -> ExecRecord {
        let name = try arguments.needed("exec")
        guard let id = try? ExecID(validating: name), let record = try? await engine.exec(id), mayReach(record.session) else {
            throw SandboxError(.notFound, "there is no exec '\(name.prefix(80))'", remedy: "call exec_list for those there are")
        }
        return record
    }

    func mayReach(_ session: SessionID) -> Bool {
        if let only = access.onlySession { return session == only }
        return policy.reachesAllSessions || server.sessions.contains(session)
    }

    private func unknown(session name: String) -> SandboxError {
        SandboxError(
            .notFound, "there is no session '\(name.prefix(80))', or it is not yours", remedy: "call session_list for those there are")
    }
}
