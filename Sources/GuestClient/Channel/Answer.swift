import Synchronization

/// A value that one task awaits and somebody else settles, once; the first to settle wins. Cancelling the awaiting task settles it too.
final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
    }

    private let state = Mutex<State>(.open)

    init() {}

    /// Settles it; later calls change nothing.
    func settle(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .settled: return nil
            case .open:
                state = .settled(result)
                return nil
            case .awaited(let continuation):
                state = .settled(result)
                return continuation
            }
        }
        waiting?.resume(with: result)
    }

    /// Waits for the value. Only one task may wait at a time.
    func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let known: Result<Value, any Error>? = state.withLock { state in
                    switch state {
                    case .settled(let result): return result
                    case .open:
                        state = .awaited(continuation)
                        return nil
                    case .awaited:
                        return .failure(SandboxWaitConflict())
                    }
                }
                if let known { continuation.resume(with: known) }
            }
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }
}

/// Two tasks waited for the same single answer: a fault of this module.
struct SandboxWaitConflict: Error {}
