import SandboxCore
import Synchronization

/// The sandboxes that this engine has a channel to, and which session uses which.
final class LiveSandboxes: Sendable {
    private struct State {
        var sandboxes: [SandboxID: any Sandbox] = [:]
        var bySession: [SessionID: SandboxID] = [:]
        var synced: [SessionID: WorkspaceSync] = [:]
    }

    private let state = Mutex(State())

    func sandbox(of session: SessionID) -> (any Sandbox)? {
        state.withLock { state in state.bySession[session].flatMap { state.sandboxes[$0] } }
    }

    subscript(id: SandboxID) -> (any Sandbox)? { state.withLock { $0.sandboxes[id] } }

    func add(_ sandbox: any Sandbox, for session: SessionID?) {
        state.withLock { state in
            state.sandboxes[sandbox.reference.id] = sandbox
            if let session { state.bySession[session] = sandbox.reference.id }
        }
    }

    /// Lets go of a channel; the next use takes the sandbox up again.
    func drop(_ id: SandboxID) { state.withLock { _ = $0.sandboxes.removeValue(forKey: id) } }

    func forget(_ session: SessionID) {
        state.withLock { state in
            state.bySession[session] = nil
            state.synced[session] = nil
        }
    }

    /// Notes how a session's workspace is synced; false when that was known.
    func sync(_ session: SessionID, _ sync: WorkspaceSync) -> Bool {
        state.withLock { $0.synced.updateValue(sync, forKey: session) == nil }
    }

    func pullsAfterExec(_ session: SessionID) -> Bool { state.withLock { $0.synced[session]?.pullsAfterExec ?? false } }

    func clear() { state.withLock { $0 = State() } }
}
