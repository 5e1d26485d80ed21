import SandboxCore
import CSandlotSystem
import Glibc
import Synchronization

/// One thread that starts host processes, reaps them and watches descriptors, for any number of children.
///
/// Starting from one thread that lives as long as the keeper gives a parent-death signal its meaning: the kernel sends it when the
/// *thread* that started the process ends, and the threads of a pool come and go.
public final class ProcessKeeper: Sendable {
    private let loop: KeeperLoop

    /// Starts the thread.
    public init() throws {
        loop = try KeeperLoop()
        try loop.startThread()
    }

    deinit { loop.stop() }

    /// Starts a process. It is reaped when it ends, whether or not anybody waits for it.
    public func spawn(_ request: SpawnRequest) async throws -> HostProcess {
        let loop = loop
        return try await withCheckedThrowingContinuation { continuation in
            loop.perform {
                do {
                    let spawned = try request.spawn()
                    guard let entry = ProcessEntry(pid: spawned.pid) else {
                        throw SandboxError(.internalError, "process \(spawned.pid) has no entry in /proc", remedy: "mount /proc")
                    }
                    let identity = ProcessIdentity(
                        pid: spawned.pid, startTime: entry.startTime, boot: try ProcessIdentity.currentBoot())
                    let process = HostProcess(identity: identity, descriptor: spawned.descriptor)
                    try loop.watch(spawned.descriptor) { process.reap() }
                    continuation.resume(returning: process)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Waits until the descriptor is readable or hung up (a pidfd: until the process has ended). Throws `CancellationError`.
    public func waitUntilReadable(_ descriptor: OwnedDescriptor) async throws {
        // A copy: the kernel's watch list knows each number once, and others may wait for the same file.
        let copy = try descriptor.duplicate()
        let waiting = Waiting()
        let loop = loop
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard waiting.begin(continuation) else { return }
                do {
                    try loop.watch(copy) { waiting.finish(nil) }
                } catch {
                    waiting.finish(error)
                }
            }
        } onCancel: {
            waiting.finish(CancellationError())
            loop.forget(copy)
        }
    }

    /// Waits until a process that need not be our child is gone. Returns at once when it is.
    public func waitUntilGone(_ identity: ProcessIdentity) async throws {
        guard let descriptor = try identity.open() else { return }
        try await waitUntilReadable(descriptor)
    }
}

/// One waiter, resumed exactly once.
private final class Waiting: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Void, any Error>)
        case finished((any Error)?)
    }
    private let state = Mutex(State.idle)

    /// False when it was finished before it began; then the continuation has been resumed.
    func begin(_ continuation: CheckedContinuation<Void, any Error>) -> Bool {
        let early: (any Error)?? = state.withLock { state in
            if case .finished(let error) = state { return .some(error) }
            state = .waiting(continuation)
            return nil
        }
        guard let early else { return true }
        if let early { continuation.resume(throwing: early) } else { continuation.resume() }
        return false
    }

    func finish(_ error: (any Error)?) {
        let waiter: CheckedContinuation<Void, any Error>? = state.withLock { state in
            defer { if case .finished = state {} else { state = .finished(error) } }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        if let error { waiter?.resume(throwing: error) } else { waiter?.resume() }
    }
}
