import SandboxCore
import SandboxEngine
import Synchronization
import SystemPackage

/// Watches that a client asks again and again instead of reading a stream.
///
/// A watch whose client does not come back is dropped when there are too many.
final class Watchers: Sendable {
    private struct Watcher {
        var session: SessionID
        var changes: [FilesystemMessages.Change] = []
        var task: Task<Void, Never>
        var touched: UInt64
    }
    private struct State {
        var watchers: [String: Watcher] = [:]
        var clock: UInt64 = 0
    }
    private let state = Mutex(State())

    private static let most = 256
    private static let mostChanges = 10_000

    deinit {
        for watcher in state.withLock({ $0.watchers.values.map(\.task) }) { watcher.cancel() }
    }

    /// Starts collecting; returns the watcher's id.
    func add(_ changes: SandboxStream<FileChange>, below root: FilePath, in session: SessionID) -> String {
        let id = ExecID.random().rawValue
        // Owned by the table: it ends when the watcher is removed, pushed out, or the table goes.
        let task = Task { [weak self] in
            do {
                for try await change in changes { self?.record(change, below: root, for: id) }
            } catch {}
        }
        let pushedOut = state.withLock { state in
            state.clock += 1
            state.watchers[id] = Watcher(session: session, task: task, touched: state.clock)
            guard state.watchers.count > Self.most, let oldest = state.watchers.min(by: { $0.value.touched < $1.value.touched }) else {
                return nil as Task<Void, Never>?
            }
            state.watchers[oldest.key] = nil
            return oldest.value.task
        }
        pushedOut?.cancel()
        return id
    }

    /// What happened since the last call; nil for a watcher that is not of this session.
    func take(_ id: String, in session: SessionID) -> [FilesystemMessages.Change]? {
        state.withLock { state in
            guard state.watchers[id]?.session == session else { return nil }
            state.clock += 1
            state.watchers[id]?.touched = state.clock
            defer { state.watchers[id]?.changes = [] }
            return state.watchers[id]?.changes
        }
    }

    /// False for a watcher that is not of this session.
    func remove(_ id: String, in session: SessionID) -> Bool {
        let task = state.withLock { state in
            state.watchers[id]?.session == session ? state.watchers.removeValue(forKey: id)?.task : nil
        }
        task?.cancel()
        return task != nil
    }

    private func record(_ change: FileChange, below root: FilePath, for id: String) {
        guard let told = FilesystemMessages.Change(change, below: root) else { return }
        state.withLock { state in
            guard (state.watchers[id]?.changes.count ?? 0) < Self.mostChanges else { return }
            state.watchers[id]?.changes.append(told)
        }
    }
}

extension FilesystemMessages.Change {
    /// Names are relative to the watched directory.
    init?(_ change: FileChange, below root: FilePath) {
        var path = change.path
        if path.isAbsolute { _ = path.removePrefix(root) }
        let name = path.string
        switch change.kind {
        case .created: self.init(name: name, type: "EVENT_TYPE_CREATE")
        case .modified: self.init(name: name, type: "EVENT_TYPE_WRITE")
        case .removed: self.init(name: name, type: "EVENT_TYPE_REMOVE")
        case .attributes: self.init(name: name, type: "EVENT_TYPE_CHMOD")
        // The service has no word for it.
        case .overflow: return nil
        }
    }
}
