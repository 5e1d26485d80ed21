import SandboxCore
import Synchronization

/// Work that is done once however many callers ask for it at the same time. A caller that is cancelled stops waiting; the work goes on.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var next = 0
        var waiting: [Key: [Int: CheckedContinuation<Value, any Error>]] = [:]
    }

    private let state = Mutex(State())
    private let tasks: OwnedTasks

    init(tasks: OwnedTasks) { self.tasks = tasks }

    func value(for key: Key, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                let isFirst = state.withLock { state in
                    defer { state.waiting[key, default: [:]][id] = continuation }
                    return state.waiting[key] == nil
                }
                guard isFirst else { return }
                let started = tasks.start {
                    do {
                        self.finish(key, .success(try await work()))
                    } catch {
                        self.finish(key, .failure(error))
                    }
                }
                if !started { finish(key, .failure(SandboxError(.unavailable, "the engine was shut down", remedy: "open another one"))) }
            }
        } onCancel: {
            state.withLock { $0.waiting[key]?.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    private func finish(_ key: Key, _ result: Result<Value, any Error>) {
        let waiters = state.withLock { $0.waiting.removeValue(forKey: key) } ?? [:]
        for waiter in waiters.values { waiter.resume(with: result) }
    }
}
