import GuestProtocol
import SandboxCore
import Synchronization

/// How an exec goes on when its channel breaks.
protocol ExecRecovery: Sendable {
    /// Takes the exec up again over another channel. Throws `SandboxEnded` when nobody can tell any more how it ended.
    func resume(_ exec: ExecID, from offsets: OutputOffsets, isTerminal: Bool?) async throws -> ExecStream
    /// A channel that works.
    func link() async throws -> FrameLink
}

/// The sandbox, or its memory of an exec, is gone; the reason is for people.
struct SandboxEnded: Error {
    let reason: String

    var sandboxError: SandboxError { SandboxError(.notFound, "the sandbox is gone: \(reason)", remedy: "make a new sandbox") }
}

/// An exec as its caller holds it. It outlives the channel when there is a recovery.
final class GuestExec: RunningExec {
    private struct State {
        var stream: ExecStream
        var isFinished = false
        var isDetached = false
        var inputClosed = false
        /// Input that was under way when a channel broke: whether it arrived cannot be known.
        var inputIsBroken = false
    }

    let id: ExecID
    let processID: Int32?
    private let acceptsInput: Bool
    /// The channel stays open as long as somebody holds one of its execs.
    private let owner: GuestSession
    private let recovery: (any ExecRecovery)?
    private let state: Mutex<State>

    init(_ stream: ExecStream, processID: Int32?, acceptsInput: Bool, owner: GuestSession, recovery: (any ExecRecovery)?) {
        id = stream.id
        self.owner = owner
        self.processID = processID
        self.acceptsInput = acceptsInput
        self.recovery = recovery
        state = Mutex(State(stream: stream))
    }

    deinit { state.withLock { $0.stream }.detach() }

    // The closure keeps this value, so that events that are still read count as holding the exec.
    var events: ExecEvents { ExecEvents { try await self.next() } }

    private var stream: ExecStream { state.withLock { $0.stream } }

    private func next() async throws -> ExecEvent? {
        while true {
            let stream = self.stream
            do {
                return try await stream.next()
            } catch {
                guard let recovery, canRecover(stream, error) else { throw error }
                if state.withLock({ $0.isFinished }) { return nil }
                do {
                    let fresh = try await recovery.resume(id, from: stream.delivered, isTerminal: stream.isTerminal)
                    adopt(fresh, after: stream)
                } catch let ended as SandboxEnded {
                    state.withLock { $0.isFinished = true }
                    return .ended(ExecEnding(outcome: .lost(reason: ended.reason), offsets: stream.delivered))
                }
            }
        }
    }

    /// A broken channel is made again; one that the guest abused, or that the caller let go, is not.
    private func canRecover(_ stream: ExecStream, _ error: any Error) -> Bool {
        guard stream.link.end?.code == .unavailable, let error = error as? SandboxError else { return false }
        return error.code == .unavailable && !state.withLock { $0.isDetached }
    }

    private func adopt(_ fresh: ExecStream, after old: ExecStream) {
        let lost = old.hasUnconfirmedInput
        let (isDetached, endInput) = state.withLock { state in
            state.stream = fresh
            state.inputIsBroken = state.inputIsBroken || lost
            return (state.isDetached, state.inputClosed && !state.inputIsBroken)
        }
        if isDetached { fresh.detach() }
        // The end of input may have been lost with the channel; saying it twice does no harm.
        if endInput { try? fresh.tell(.inputEnd) }
    }

    func write(_ bytes: [UInt8]) async throws {
        try await inputStream().write(bytes)
    }

    func closeInput() async throws {
        let stream = try inputStream()
        state.withLock { $0.inputClosed = true }
        try stream.tell(.inputEnd)
    }

    private func inputStream() throws -> ExecStream {
        guard acceptsInput else {
            throw SandboxError(.invalidArgument, "exec \(id) was started without standard input", remedy: "start it with input: .stream")
        }
        let (stream, isBroken) = state.withLock { ($0.stream, $0.inputIsBroken) }
        guard !isBroken || stream.hasEnded else {
            throw SandboxError(
                .unavailable, "exec \(id): part of its input may have been lost when the channel broke",
                remedy: "cancel the exec and run it again if that is safe")
        }
        return stream
    }

    func signal(_ signal: ExecSignal) async throws { try stream.tell(.signal(signal.number)) }

    func resize(_ size: TerminalSize) async throws {
        let stream = self.stream
        guard stream.isTerminal != false else {
            throw SandboxError(.unsupported, "exec \(id) has no terminal to resize", remedy: "start it with a terminal")
        }
        try stream.tell(.resize(WindowSize(columns: size.columns, rows: size.rows)))
    }

    func cancel() async throws {
        let stream = self.stream
        if stream.hasEnded || state.withLock({ $0.isFinished }) { return }
        // By id and with an answer, so that a channel that breaks just now does not swallow it.
        let request = GuestRequest.cancelExec(id: id.rawValue)
        do {
            if stream.link.end == nil || recovery == nil { return try await order(request, over: stream.link) }
        } catch let error as SandboxError where error.code == .unavailable && recovery != nil && stream.link.end != nil {
            // Asked again below: cancelling twice is cancelling.
        }
        do {
            if let recovery { try await order(request, over: recovery.link()) }
        } catch is SandboxEnded {
            return
        }
    }

    private func order(_ request: GuestRequest, over link: FrameLink) async throws {
        do {
            try (await PlainRequest.ask(request, over: link)).expectDone(link)
        } catch let failure as GuestFailure where failure.code == .notFound {
            // Ended and forgotten: nothing is left to cancel.
            return
        } catch let failure as GuestFailure {
            throw failure.execError(id.rawValue)
        }
    }

    func detach() async {
        let stream = state.withLock { state in
            state.isDetached = true
            return state.stream
        }
        stream.detach()
    }
}
