import SandboxCore
import Synchronization

/// The builds that are under way. A build is done once however many callers ask; it is cancelled when the last of them has gone.
final class ImageBuilds: Sendable {
    struct Key: Hashable, Sendable {
        var backend: BackendID
        var reference: String
    }

    private struct Waiter {
        var continuation: CheckedContinuation<BuiltImage, any Error>
        var log: (@Sendable (String) -> Void)?
    }

    private struct Flight {
        var waiters: [Int: Waiter] = [:]
        /// Ended to cancel the build.
        var life: AsyncStream<Never>.Continuation
    }

    private struct State {
        var next = 0
        var flights: [Int: Flight] = [:]
        /// The flights that a newcomer may join.
        var open: [Key: Int] = [:]
    }

    private let state = Mutex(State())
    private let tasks: OwnedTasks

    init(tasks: OwnedTasks) { self.tasks = tasks }

    /// How many wait now.
    var waiting: Int { state.withLock { $0.flights.values.reduce(0) { $0 + $1.waiters.count } } }

    func value(
        for key: Key, log: (@Sendable (String) -> Void)?,
        _ work: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws -> BuiltImage
    ) async throws -> BuiltImage {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                join(id, key, Waiter(continuation: continuation, log: log), work)
            }
        } onCancel: {
            leave(id, key)
        }
    }

    private func join(
        _ id: Int, _ key: Key, _ waiter: Waiter,
        _ work: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws -> BuiltImage
    ) {
        let (life, continuation) = AsyncStream.makeStream(of: Never.self)
        let isFirst = state.withLock { state in
            if let flight = state.open[key] {
                state.flights[flight]?.waiters[id] = waiter
                return false
            }
            state.open[key] = id
            state.flights[id] = Flight(waiters: [id: waiter], life: continuation)
            return true
        }
        guard isFirst else { return }
        let started = tasks.start {
            let result = await CancellableWork.run(until: life) {
                try await work { line in
                    let logs = self.state.withLock { $0.flights[id]?.waiters.values.compactMap(\.log) ?? [] }
                    for log in logs { log(line) }
                }
            }
            self.finish(id, key, result)
        }
        if !started {
            finish(id, key, .failure(SandboxError(.unavailable, "the engine was shut down", remedy: "open another one")))
        }
    }

    private func leave(_ id: Int, _ key: Key) {
        let (waiter, life) = state.withLock { state -> (Waiter?, AsyncStream<Never>.Continuation?) in
            guard let flight = state.flights.first(where: { $0.value.waiters[id] != nil })?.key else { return (nil, nil) }
            let waiter = state.flights[flight]?.waiters.removeValue(forKey: id)
            guard state.flights[flight]?.waiters.isEmpty == true else { return (waiter, nil) }
            // Whoever comes now begins anew, after this one has cleaned up.
            if state.open[key] == flight { state.open[key] = nil }
            return (waiter, state.flights[flight]?.life)
        }
        waiter?.continuation.resume(throwing: CancellationError())
        life?.finish()
    }

    private func finish(_ flight: Int, _ key: Key, _ result: Result<BuiltImage, any Error>) {
        let waiters = state.withLock { state in
            if state.open[key] == flight { state.open[key] = nil }
            return state.flights.removeValue(forKey: flight)?.waiters ?? [:]
        }
        for waiter in waiters.values { waiter.continuation.resume(with: result) }
    }
}
