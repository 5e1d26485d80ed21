public import SandboxCore
import SandboxStore

extension Engine {
    /// Counts a session as used now, and gives it another time to live where the patch names one.
    public func extend(_ id: SessionID, _ patch: SessionPatch = SessionPatch()) async throws -> SessionRecord {
        if patch.idleTimeToLive != nil || patch.maximumLife != nil {
            _ = try await update(id, SessionPatch(idleTimeToLive: patch.idleTimeToLive, maximumLife: patch.maximumLife))
        }
        try await store.write { transaction in
            guard let row = try transaction.session(id) else {
                throw SandboxError(.notFound, "there is no session '\(id)'", remedy: "list the sessions, or open one")
            }
            guard row.state == SessionState.opening.rawValue || row.state == SessionState.ready.rawValue else {
                throw SandboxError(.conflict, "session \(id) is \(row.state)", remedy: "open another one")
            }
            try transaction.touch(id, at: Timestamp.now().milliseconds)
        }
        leases.notify()
        return try await session(id.rawValue)
    }
}
