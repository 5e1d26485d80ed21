import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
    import Foundation
#endif

/// A thread of its own for calls that block, as an actor's executor: a full pipe or an idle terminal never stops the threads that serve
/// everybody else.
final class BlockingThread: SerialExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var isStarted = false
    }

    private let queue = Mutex(Queue())
    private let wakeups = Wakeups()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let starts = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isStarted = true }
            return !queue.isStarted
        }
        if starts { start() }
        wakeups.post()
    }

    /// Started with the first job; ends with the process.
    private func start() {
        let context = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let failure = pthread_create(&thread, nil, blockingThreadMain, context)
        precondition(failure == 0, "the system gives no thread (\(failure))")
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }

    fileprivate func work() -> Never {
        let executor = asUnownedSerialExecutor()
        while true {
            wakeups.wait()
            let job = queue.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
            job?.runSynchronously(on: executor)
        }
    }
}

private func blockingThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<BlockingThread>.fromOpaque(context).takeRetainedValue().work()
}

#if !canImport(Darwin)
    /// A counting semaphore.
    ///
    /// Unchecked because the pointer never changes and `sem_t` is made to be used from many threads.
    private final class Wakeups: @unchecked Sendable {
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        init() { sem_init(semaphore, 0, 0) }
        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }
        func post() { sem_post(semaphore) }
        func wait() { while sem_wait(semaphore) != 0 {} }
    }
#else
    /// A counting semaphore.
    ///
    /// Unchecked because the pointer never changes and `DispatchSemaphore` is made to be used from many threads.
    private final class Wakeups: @unchecked Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func post() { semaphore.signal() }
        func wait() { semaphore.wait() }
    }
#endif
