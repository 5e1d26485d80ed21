import SandboxCore
import CSandlotSystem
import Glibc
import Synchronization

/// How a host process ended.
public enum ProcessEnding: Sendable, Equatable {
    case exited(Int32)
    case signaled(Int32)
    /// Somebody else reaped it.
    case unknown
}

/// A child of this process.
public final class HostProcess: Sendable {
    /// Who it is.
    public let identity: ProcessIdentity
    private let descriptor: OwnedDescriptor
    private let state = Mutex(State())

    private struct State {
        var ending: ProcessEnding?
        var next: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<ProcessEnding, any Error>] = [:]
        var cancelled: Set<UInt64> = []
    }

    init(identity: ProcessIdentity, descriptor: OwnedDescriptor) {
        self.identity = identity
        self.descriptor = descriptor
    }

    /// How it ended; nil while it runs.
    public var ending: ProcessEnding? { state.withLock { $0.ending } }

    /// Waits for its end, however many callers there are. Throws `CancellationError`.
    public func wait() async throws -> ProcessEnding {
        let token = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<ProcessEnding, any Error>? = state.withLock { state in
                    if let ending = state.ending { return .success(ending) }
                    if state.cancelled.remove(token) != nil { return .failure(CancellationError()) }
                    state.waiters[token] = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: token)
                if waiter == nil && state.ending == nil { state.cancelled.insert(token) }
                return waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Sends a signal; does nothing when the process has ended.
    public func signal(_ number: Int32) throws {
        guard ending == nil, sandlot_pidfd_send_signal(descriptor.raw, number) != 0, errno != ESRCH else { return }
        throw SandboxError.system("sending signal \(number) to process \(identity.pid)", errno)
    }

    /// Collects the status; called by the keeper when the kernel says that the process has ended.
    func reap() {
        var status: Int32 = 0
        var reaped: Int32
        repeat { reaped = waitpid(identity.pid, &status, 0) } while reaped < 0 && errno == EINTR
        let code = sandlot_exit_code(status)
        let ending: ProcessEnding = reaped < 0 ? .unknown : code >= 0 ? .exited(code) : .signaled(sandlot_exit_signal(status))
        let waiters = state.withLock { state in
            state.ending = ending
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: ending) }
    }
}
