import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess
import Synchronization

/// Tells blocking work that nobody waits for it any more.
final class StopFlag: Sendable {
    private let flag = Mutex(false)
    var isSet: Bool { flag.withLock { $0 } }
    func set() { flag.withLock { $0 = true } }
    func check() throws { if isSet { throw CancellationError() } }
}

/// Blocking work on threads of its own, so that those of the concurrency pool go on.
enum WorkThread {
    /// Enough for the recursion of a walk.
    private static let stackSize = 16 << 20

    private final class Job {
        let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }
    }

    /// Runs work on one thread. When the caller is cancelled the flag is set; the work ends when it looks at it.
    static func run<R: Sendable>(_ work: @escaping @Sendable (StopFlag) throws -> R) async throws -> R {
        let stop = StopFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let number = start { continuation.resume(with: Result { try work(stop) }) }
                if number.error != 0 { continuation.resume(throwing: SandboxError.system("starting a thread", number.error)) }
            }
        } onCancel: {
            stop.set()
        }
    }

    /// Calls `body` for every number below `count` on a few threads, and returns when all calls have.
    static func forEach(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let next = Mutex(0)
        let serve: @Sendable () -> Void = {
            while true {
                let index = next.withLock { value in
                    defer { value += 1 }
                    return value
                }
                guard index < count else { return }
                body(index)
            }
        }
        let handles = (1..<max(2, min(threads, count))).compactMap { _ -> pthread_t? in
            let started = start(isJoined: true, serve)
            return started.error == 0 ? started.thread : nil
        }
        serve()
        for handle in handles { pthread_join(handle, nil) }
    }

    private static func start(isJoined: Bool = false, _ work: @escaping () -> Void) -> (thread: pthread_t, error: Int32) {
        let context = Unmanaged.passRetained(Job(work)).toOpaque()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        if !isJoined { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
        var thread = pthread_t()
        let error = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Job>.fromOpaque(context).takeRetainedValue().work()
                return nil
            }, context)
        if error != 0 { Unmanaged<Job>.fromOpaque(context).release() }
        return (thread, error)
    }
}
