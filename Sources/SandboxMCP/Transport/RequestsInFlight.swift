import Synchronization

/// The requests of one client that are being served. Each ends by itself, is cancelled by its client, or ends with the table.
final class RequestsInFlight: Sendable {
    enum Refusal: Error { case duplicate, tooMany, over }

    private struct State {
        var running: [RPCID: Task<Void, Never>] = [:]
        var isOver = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Starts to serve a request beside the others. `over` is called in any case once it is done.
    func start(_ id: RPCID, _ work: @escaping @Sendable () async -> Void) throws(Refusal) {
        let refusal: Refusal? = state.withLock { state in
            if state.isOver { return .over }
            if state.running[id] != nil { return .duplicate }
            if state.running.count >= limit { return .tooMany }
            state.running[id] = Task {
                await work()
                self.state.withLock { _ = $0.running.removeValue(forKey: id) }
            }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Does nothing for a request that is not known or over.
    func cancel(_ id: RPCID) { state.withLock { $0.running[id] }?.cancel() }

    var count: Int { state.withLock { $0.running.count } }

    /// Takes nothing more, lets what runs go on for a while, cancels the rest and waits for it.
    func end(grace: Duration) async {
        let running = state.withLock { state in
            state.isOver = true
            return Array(state.running.values)
        }
        // Waiting for a task cannot be broken off: the clock runs beside it, and a caller that is cancelled gives no grace.
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for task in running { await task.value } }
            group.addTask {
                try? await Task.sleep(for: grace)
                for task in running { task.cancel() }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
