import SandboxCore
import Synchronization

/// The sessions that this server opened or was told to use. A model does not reach what else lives in the data directory.
final class OwnSessions: Sendable {
    private let ids = Mutex<Set<SessionID>>([])

    func add(_ id: SessionID) { ids.withLock { _ = $0.insert(id) } }
    func remove(_ id: SessionID) { ids.withLock { _ = $0.remove(id) } }
    func contains(_ id: SessionID) -> Bool { ids.withLock { $0.contains(id) } }
}
