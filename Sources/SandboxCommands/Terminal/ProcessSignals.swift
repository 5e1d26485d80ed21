import SandboxCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The signals that this process gets. They are blocked in every thread and taken by the main thread alone, so that nothing runs inside of a
/// handler and no system call is interrupted.
final class ProcessSignals: Sendable {
    private static let taken: [Int32] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH]

    private struct State {
        var listener: AsyncStream<Int32>.Continuation?
        var command: Task<Void, Never>?
        var interruptions = 0
    }

    private let state = Mutex(State())

    /// Must be made before any thread is: threads inherit what is blocked.
    init() {
        var set = Self.set
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// What to cancel when nobody listens.
    func own(_ command: Task<Void, Never>) { state.withLock { $0.command = command } }

    /// From now on signals come here; when the stream is let go they cancel the command again.
    func listen() -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(64))
        state.withLock { $0.listener = continuation }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.listener = nil } }
        return stream
    }

    /// Serves the signals on the calling thread, for ever.
    func deliver() -> Never {
        var set = Self.set
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            handle(number)
        }
    }

    private func handle(_ number: Int32) {
        let listener = state.withLock { $0.listener }
        if let listener {
            listener.yield(number)
            return
        }
        guard number != SIGWINCH else { return }
        let (command, count) = state.withLock { state in
            state.interruptions += 1
            return (state.command, state.interruptions)
        }
        // Once asks for an orderly end; twice means now.
        guard count == 1, let command else { _exit(ExitStatus.signalBase + number) }
        command.cancel()
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in taken { sigaddset(&set, number) }
        return set
    }
}
