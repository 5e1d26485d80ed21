import SandboxEngine
import Synchronization

/// Stops sandboxes when they are due: what the engine would destroy at the end of its time, these services keep.
final class DueStops: Sendable {
    /// Stops what is due, and tells when the next one is; nil for none.
    typealias Sweep = @Sendable () async throws -> Timestamp?

    private struct State {
        var changes: UInt64 = 0
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    /// After a failure, and at most between two looks: the clock may have been set.
    private static let longestWait = Duration.seconds(60)
    private let state = Mutex(State())

    /// One may be due earlier than was known.
    func changed() {
        let waiter = state.withLock { state in
            state.changes += 1
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    /// Goes on until it is cancelled.
    func run(_ sweep: Sweep) async {
        while !Task.isCancelled {
            let seen = state.withLock { $0.changes }
            let next = try? await sweep()
            let wait = next.map { Duration.milliseconds(max(10, $0.milliseconds - Timestamp.now().milliseconds)) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await Task.sleep(for: min(wait ?? Self.longestWait, Self.longestWait)) }
                group.addTask { await self.change(past: seen) }
                _ = await group.next()
                group.cancelAll()
            }
        }
    }

    private func change(past seen: UInt64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.changes != seen || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.takeWaiter() }?.resume()
        }
    }
}
