import GuestProtocol
import NIOCore
import SandboxCore
import Synchronization

/// An exec's conversation on one channel: start or attach, output, input, end.
final class ExecStream: Conversation {
    private enum Phase {
        case opening
        case running
        case ended(ExecEnding, delivered: Bool)
        case failed(any Error)
    }

    private struct State {
        var phase = Phase.opening
        var queue: ExecQueue
        var reader: Answer<Void>?
        var input = InputCredit()
        var isDetached = false
    }

    let id: ExecID
    private let line: Line
    private let opening = Answer<Int32>()
    private let openingDeadline: NIODeadline
    private let state: Mutex<State>
    private let budget: Int
    /// What to say when nobody waits for the answer to the opening any more: a command must not run unseen, an attached one is left alone.
    private let farewell: [HostMessage]

    private init(_ id: ExecID, line: Line, queue: ExecQueue, farewell: [HostMessage]) {
        self.id = id
        self.line = line
        self.farewell = farewell
        let options = line.link.options
        budget = 2 * Int(max(options.outputWindow, options.terminalWindow)) + 2 * Frame.maximumPayload
        openingDeadline = .now() + .nanoseconds(options.requestDeadline.wholeNanoseconds)
        state = Mutex(State(queue: queue))
    }

    /// Sends the order to start a command.
    static func start(_ order: ExecStart, id: ExecID, over link: FrameLink) throws -> ExecStream {
        let queue = ExecQueue(from: .zero, isTerminal: order.terminal != nil, window: order.ringCapacity, mayBeginLater: false)
        return try open(.startExec(order), id: id, queue: queue, farewell: [.cancel, .close], over: link)
    }

    /// Asks for the output of an exec from `offsets` on. `mayBeginLater`: the caller chose the offsets and may be too late.
    static func attach(
        _ id: ExecID, from offsets: OutputOffsets, isTerminal: Bool?, mayBeginLater: Bool, over link: FrameLink
    ) throws -> ExecStream {
        let window = max(link.options.outputWindow, link.options.terminalWindow, 4 << 20)
        let queue = ExecQueue(from: offsets, isTerminal: isTerminal, window: window, mayBeginLater: mayBeginLater)
        return try open(
            .attachExec(id: id.rawValue, standardOutput: offsets.standardOutput, standardError: offsets.standardError), id: id,
            queue: queue, farewell: [.close], over: link)
    }

    private static func open(
        _ request: GuestRequest, id: ExecID, queue: ExecQueue, farewell: [HostMessage], over link: FrameLink
    ) throws -> ExecStream {
        let stream = try link.open(request) { ExecStream(id, line: $0, queue: queue, farewell: farewell) }
        link.arm(stream.openingDeadline)
        return stream
    }

    /// Waits until the command runs and returns its process id. When the caller gives up, a command that was to be started is killed.
    func opened() async throws -> Int32 {
        do {
            return try await opening.value()
        } catch let error as GuestFailure {
            throw error.execError(id.rawValue)
        } catch let error as CancellationError {
            line.abandon(budget: budget, saying: farewell)
            throw error
        }
    }

    /// Where the reader is.
    var delivered: OutputOffsets { state.withLock { $0.queue.delivered } }
    /// Nil until it is known.
    var isTerminal: Bool? { state.withLock { $0.queue.isTerminal } }
    /// Tells what another answer of the guest said.
    func learn(isTerminal: Bool) { state.withLock { $0.queue.learn(isTerminal: isTerminal) } }
    /// Whether bytes of input may have been lost if the channel broke now.
    var hasUnconfirmedInput: Bool { state.withLock { $0.input.outstanding > 0 } }
    var link: FrameLink { line.link }

    /// The command has ended, as far as the channel has told.
    var hasEnded: Bool {
        state.withLock { state in
            if case .ended = state.phase { true } else { false }
        }
    }

    // MARK: Reading

    /// The next event; nil after the end.
    func next() async throws -> ExecEvent? {
        while true {
            let (step, acknowledge) = state.withLock { state in
                let acknowledge = Self.isRunning(state) ? state.queue.acknowledgement(released: state.queue.delivered) : nil
                return (Self.step(&state), acknowledge)
            }
            if let acknowledge {
                // A channel that ended meanwhile shows when the queue is empty.
                try? line.send(.acknowledge(standardOutput: acknowledge.standardOutput, standardError: acknowledge.standardError))
            }
            switch step {
            case .event(let event): return event
            case .finished: return nil
            case .failed(let error): throw error
            case .busy:
                throw SandboxError(.conflict, "two tasks read the events of exec \(id) at once", remedy: "read them in one task")
            case .wait(let reader):
                do {
                    try await reader.value()
                } catch {
                    state.withLock { if $0.reader === reader { $0.reader = nil } }
                    throw error
                }
            }
        }
    }

    private enum Step {
        case event(ExecEvent)
        case wait(Answer<Void>)
        case busy
        case finished
        case failed(any Error)
    }

    private static func isRunning(_ state: State) -> Bool {
        if case .running = state.phase { true } else { false }
    }

    private static func step(_ state: inout State) -> Step {
        guard state.reader == nil else { return .busy }
        if let chunk = state.queue.next() { return .event(.output(chunk)) }
        switch state.phase {
        case .ended(let ending, false):
            state.phase = .ended(ending, delivered: true)
            return .event(.ended(ending))
        case .ended(_, true): return .finished
        case .failed(let error): return .failed(error)
        case .opening, .running:
            let reader = Answer<Void>()
            state.reader = reader
            return .wait(reader)
        }
    }

    // MARK: Writing

    /// Writes to standard input; returns early when the command has ended, because nobody reads any more.
    func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (count, wait) = try state.withLock { state -> (Int, Answer<Void>?) in
                switch state.phase {
                case .ended: return (0, nil)
                case .failed(let error): throw error
                case .opening, .running: return state.input.take(min(rest.count, Frame.maximumContent))
                }
            }
            if let wait {
                do {
                    try await wait.value()
                } catch {
                    state.withLock { $0.input.remove(wait) }
                    throw error
                }
            } else if count == 0 {
                return
            } else {
                try await line.sendContent(.input(Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Sends a message about the command unless it has ended.
    func tell(_ message: HostMessage) throws {
        let isOver = try state.withLock { state in
            switch state.phase {
            case .ended: return true
            case .failed(let error): throw error
            case .opening, .running: return false
            }
        }
        if !isOver { try line.send(message) }
    }

    /// Stops listening without touching the command.
    func detach() {
        let (isOpen, reader, writers) = state.withLock { state -> (Bool, Answer<Void>?, [Answer<Void>]) in
            guard !state.isDetached else { return (false, nil, []) }
            state.isDetached = true
            switch state.phase {
            case .ended, .failed: return (false, nil, [])
            case .opening, .running:
                state.phase = .failed(SandboxError(.cancelled, "exec \(id): this side detached", remedy: "attach again to go on reading"))
                defer { state.reader = nil }
                return (true, state.reader, state.input.drain())
            }
        }
        if isOpen { line.abandon(budget: budget, saying: [.close]) }
        reader?.settle(.success(()))
        for writer in writers { writer.settle(.success(())) }
    }

    // MARK: Conversation

    func receive(_ message: GuestMessage) throws(ProtocolViolation) -> Bool {
        switch message {
        case .response(.started(let pid)):
            let isFirst = state.withLock { state in
                guard case .opening = state.phase else { return false }
                state.phase = .running
                return true
            }
            guard isFirst else { throw .unexpected("a second 'started'") }
            opening.settle(.success(pid))
            return false
        case .output(let stream, let offset, let bytes):
            try change { (state) throws(ProtocolViolation) in try state.queue.append(stream, offset: offset, bytes: bytes) }
            return false
        case .ended(let end):
            guard let ending = end.ending else { throw .unexpected("an end by signal \(end.outcome)") }
            try change(isLast: true) { (state) throws(ProtocolViolation) in
                try state.queue.checkEnd(ending.offsets)
                state.phase = .ended(ending, delivered: false)
            }
            return true
        case .credit(let count):
            let waiting = try state.withLock { (state) throws(ProtocolViolation) in
                guard case .running = state.phase else { throw ProtocolViolation.unexpected("credit for an exec that does not run") }
                return try state.input.grant(count)
            }
            for writer in waiting { writer.settle(.success(())) }
            return false
        case .failure(let failure):
            opening.settle(.failure(failure))
            stop(failure.execError(id.rawValue))
            return true
        default: throw .unexpected("something else than output, end or credit on the stream of an exec")
        }
    }

    func fail(_ reason: SandboxError) {
        opening.settle(.failure(reason))
        stop(reason)
    }

    func expire(at now: NIODeadline) -> NIODeadline? {
        guard state.withLock({ if case .opening = $0.phase { true } else { false } }) else { return nil }
        guard openingDeadline <= now else { return openingDeadline }
        line.abandon(budget: budget, saying: farewell)
        let error = SandboxError(.timeout, "exec \(id): the guest did not say in time whether the command started")
        opening.settle(.failure(error))
        stop(error)
        return nil
    }

    /// Changes the state of a running exec and wakes the reader, at the end the writers too.
    private func change(isLast: Bool = false, _ body: (inout sending State) throws(ProtocolViolation) -> Void) throws(ProtocolViolation) {
        let (reader, writers) = try state.withLock { (state) throws(ProtocolViolation) -> (Answer<Void>?, [Answer<Void>]) in
            guard case .running = state.phase else {
                if state.isDetached { return (nil, []) }
                throw ProtocolViolation.unexpected("output or an end of an exec that does not run")
            }
            try body(&state)
            defer { state.reader = nil }
            return (state.reader, isLast ? state.input.drain() : [])
        }
        reader?.settle(.success(()))
        for writer in writers { writer.settle(.success(())) }
    }

    private func stop(_ error: any Error) {
        let (reader, writers) = state.withLock { state -> (Answer<Void>?, [Answer<Void>]) in
            switch state.phase {
            case .ended, .failed: return (nil, [])
            case .opening, .running: state.phase = .failed(error)
            }
            defer { state.reader = nil }
            return (state.reader, state.input.drain())
        }
        reader?.settle(.success(()))
        for writer in writers { writer.settle(.success(())) }
    }
}
