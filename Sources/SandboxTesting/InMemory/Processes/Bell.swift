import Synchronization

/// Wakes everybody who waits for a change. A waiter notes the count before it looks at the state, so no change can slip in between.
final class Bell: Sendable {
    private struct State {
        var count: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
    }

    private let state = Mutex(State())

    /// How often it rang.
    var count: UInt64 { state.withLock { $0.count } }

    func ring() {
        let woken = state.withLock { state in
            state.count += 1
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Returns once it has rung more often than `seen`; throws `CancellationError` when the task is cancelled first.
    func wait(past seen: UInt64) async throws {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Verdict { case wait, go, cancelled }
                let verdict: Verdict = state.withLock { state in
                    if Task.isCancelled { return .cancelled }
                    if state.count > seen { return .go }
                    state.waiters[key] = continuation
                    return .wait
                }
                switch verdict {
                case .wait: break
                case .go: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume(throwing: CancellationError())
        }
    }
}
