import SandboxCore
import SandboxStore
import Synchronization

/// An exec that this engine follows.
final class LiveExec: Sendable {
    let id: ExecID
    let session: SessionID
    let sandbox: SandboxID
    let spool: OutputSpool
    let feed: LiveFeed
    /// Notified with new output and with the end.
    let changed = ChangeSignal()
    private struct State {
        var running: any RunningExec
        var isOver = false
        var endsWithItsSandbox = false
    }
    private let state: Mutex<State>

    init(_ running: any RunningExec, session: SessionID, sandbox: SandboxID, spool: OutputSpool) {
        id = running.id
        self.session = session
        self.sandbox = sandbox
        self.spool = spool
        feed = LiveFeed()
        state = Mutex(State(running: running))
    }

    /// The exec as its sandbox gave it; another value after the channel was made anew.
    var running: any RunningExec {
        get { state.withLock { $0.running } }
        set { state.withLock { $0.running = newValue } }
    }

    /// True once its end is recorded, or once this engine follows it no longer.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// It was cancelled and its sandbox is being destroyed: if the sandbox' end comes first, that is the cancelling too.
    var endsWithItsSandbox: Bool {
        get { state.withLock { $0.endsWithItsSandbox } }
        set { state.withLock { $0.endsWithItsSandbox = newValue } }
    }

    /// SIGTERM, grace, SIGKILL to the whole tree. Its end must be heard of although its reader may have stopped reading.
    func cancel() async throws {
        try await running.cancel()
        feed.holdNobody()
    }

    func settle() {
        state.withLock { $0.isOver = true }
        changed.notify()
    }
}

/// The execs that this engine follows, by id, and the ids of those that it is about to follow.
final class LiveExecs: Sendable {
    private struct State {
        var live: [ExecID: LiveExec] = [:]
        var reserved: Set<ExecID> = []
    }

    private let state = Mutex(State())

    subscript(id: ExecID) -> LiveExec? { state.withLock { $0.live[id] } }

    var all: [LiveExec] { state.withLock { Array($0.live.values) } }

    /// Claims an id before anything is done with it; false when it is claimed or followed.
    func reserve(_ id: ExecID) -> Bool { state.withLock { $0.live[id] == nil && $0.reserved.insert(id).inserted } }

    func release(_ id: ExecID) { state.withLock { _ = $0.reserved.remove(id) } }

    func knows(_ id: ExecID) -> Bool { state.withLock { $0.live[id] != nil || $0.reserved.contains(id) } }

    func add(_ exec: LiveExec) {
        state.withLock { state in
            state.reserved.remove(exec.id)
            state.live[exec.id] = exec
        }
    }

    func remove(_ exec: LiveExec) {
        state.withLock { state in
            if state.live[exec.id] === exec { state.live[exec.id] = nil }
        }
    }
}
