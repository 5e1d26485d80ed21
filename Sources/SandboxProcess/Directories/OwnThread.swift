import Glibc
import SandboxCore

/// Blocking work on a thread of its own, so that the threads of the concurrency pool go on.
enum OwnThread {
    private final class Job {
        let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }
    }

    static func run(_ work: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let job = Job { continuation.resume(with: Result { try work() }) }
            let context = Unmanaged.passRetained(job).toOpaque()
            var thread = pthread_t()
            let number = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Job>.fromOpaque(context).takeRetainedValue().work()
                    return nil
                }, context)
            if number == 0 {
                pthread_detach(thread)
            } else {
                Unmanaged<Job>.fromOpaque(context).release()
                continuation.resume(throwing: SandboxError.system("starting a thread", number))
            }
        }
    }
}
