import Synchronization

/// Tells those who stream on a connection that its other end has gone: a stream that has nothing to write would not notice.
final class ConnectionWatch: Sendable {
    /// The connection of the request that the current task serves.
    @TaskLocal static var current: ConnectionWatch?

    private struct State {
        var isGone = false
        var next = 0
        var callbacks: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Calls back once the other end has gone, at once if it has already. Returns what takes the wish back.
    func whenGone(_ callback: @escaping @Sendable () -> Void) -> Int? {
        let token = state.withLock { state -> Int? in
            guard !state.isGone else { return nil }
            state.next += 1
            state.callbacks[state.next] = callback
            return state.next
        }
        if token == nil { callback() }
        return token
    }

    func forget(_ token: Int?) {
        guard let token else { return }
        state.withLock { $0.callbacks[token] = nil }
    }

    func gone() {
        let callbacks = state.withLock { state in
            state.isGone = true
            defer { state.callbacks = [:] }
            return Array(state.callbacks.values)
        }
        for callback in callbacks { callback() }
    }
}
