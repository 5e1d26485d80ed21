import GuestProtocol
import NIOCore
import SandboxCore
import Synchronization

extension ByteBuffer {
    /// Adds a frame as it goes over the channel.
    mutating func write(frame: Frame) {
        writeBytes(Frame.header(kind: frame.kind, stream: frame.stream, length: frame.payload.count))
        writeBytes(frame.payload)
    }
}

/// The machinery of a channel: stream numbers, dispatch of what comes in, the one timer, and the end.
final class FrameLink: ByteReceiver {
    /// Conversations at once; more is a runaway caller.
    private static let mostConversations = 1 << 16

    struct State {
        var stream: (any ByteStream)?
        var conversations: [UInt32: any Conversation] = [:]
        var nextStream: UInt32 = 1
        var abandoned = AbandonedStreams()
        var end: SandboxError?
        var endWaiters: [Answer<SandboxError>] = []
        var hasHello = false
        var keepalive: Keepalive
        var timer: (at: NIODeadline, cancel: @Sendable () -> Void)?
        var handshakeDeadline: NIODeadline?
    }

    let options: GuestChannelOptions
    private let parser = Mutex(FrameParser())
    private let state: Mutex<State>
    private let hello = Answer<GuestHello>()

    init(options: GuestChannelOptions) {
        self.options = options
        state = Mutex(State(keepalive: Keepalive(interval: options.keepaliveInterval, timeout: options.keepaliveTimeout)))
    }

    /// Nil while it is open.
    var end: SandboxError? { state.withLock { $0.end } }

    /// Says hello and waits for the guest's.
    func handshake(over stream: any ByteStream) async throws -> GuestHello {
        let deadline = NIODeadline.now() + .nanoseconds(options.handshakeDeadline.wholeNanoseconds)
        let gone = state.withLock { state in
            state.stream = stream
            // A guest may have spoken first.
            if !state.hasHello { state.handshakeDeadline = deadline }
            return state.end
        }
        if let gone { throw gone }
        arm(deadline)
        try send(.hello(HostHello()), stream: 0)
        do {
            let theirs = try await hello.value()
            if options.pingsWhenIdle { arm(NIODeadline.now() + .nanoseconds(options.keepaliveInterval.wholeNanoseconds)) }
            return theirs
        } catch {
            finish(SandboxError(.unavailable, "the handshake with the guest was given up", cause: error))
            throw error
        }
    }

    // MARK: Sending

    /// Opens a stream with `request`; `make` creates the conversation that hears the answers.
    func open<C: Conversation>(_ request: GuestRequest, _ make: (Line) -> C) throws -> C {
        let number = try state.withLock { state in
            if let end = state.end { throw end }
            guard state.conversations.count < Self.mostConversations else {
                throw SandboxError(.limitExceeded, "too many requests wait for the guest", remedy: "wait for some of them to end")
            }
            guard state.nextStream < .max else {
                throw SandboxError(.unavailable, "the channel has used up its stream numbers", remedy: "open a new channel")
            }
            defer { state.nextStream += 1 }
            return state.nextStream
        }
        let frame = HostMessage.request(request).encode(stream: number)
        guard frame.payload.count <= Frame.maximumPayload else {
            throw SandboxError(
                .limitExceeded, "the request takes \(frame.payload.count) bytes; a request has at most \(Frame.maximumPayload)",
                remedy: "pass long arguments, environments and contents in files")
        }
        let conversation = make(Line(link: self, stream: number))
        try state.withLock { state in
            if let end = state.end { throw end }
            state.conversations[number] = conversation
        }
        arm(NIODeadline.now() + .nanoseconds(options.keepaliveInterval.wholeNanoseconds))
        try write(frame, written: nil)
        return conversation
    }

    /// Sends a message; throws the channel's end.
    func send(_ message: HostMessage, stream: UInt32) throws { try write(message.encode(stream: stream), written: nil) }

    /// Sends messages that `ByteBuffer.write(frame:)` collected; the answer is settled when they have left.
    func send(_ frames: ByteBuffer) throws -> Answer<Void> {
        let written = Answer<Void>()
        try connected().write(frames) { [weak self] success in
            let failure = self?.end ?? SandboxError(.unavailable, "the channel to the guest broke")
            written.settle(success ? .success(()) : .failure(failure))
        }
        return written
    }

    private func write(_ frame: Frame, written: (@Sendable (Bool) -> Void)?) throws {
        let stream = try connected()
        var bytes = ByteBufferAllocator().buffer(capacity: Frame.headerSize + frame.payload.count)
        bytes.write(frame: frame)
        stream.write(bytes, written: written)
    }

    private func connected() throws -> any ByteStream {
        let stream = try state.withLock { state in
            if let end = state.end { throw end }
            return state.stream
        }
        guard let stream else { throw SandboxError(.internalError, "the channel is not connected yet") }
        return stream
    }

    // MARK: Receiving

    func received(_ bytes: inout ByteBuffer) {
        let isOpen = state.withLock { state in
            state.keepalive.heard(at: .now())
            return state.end == nil
        }
        guard isOpen else { return }
        do throws(ProtocolViolation) {
            while let (stream, message) = try parse(&bytes) { try dispatch(message, stream: stream) }
        } catch {
            violated(error)
        }
    }

    func ended(_ error: (any Error)?) {
        finish(
            SandboxError(
                .unavailable, "the channel to the guest ended", remedy: "see whether the sandbox is still alive", cause: error))
    }

    private func parse(_ bytes: inout ByteBuffer) throws(ProtocolViolation) -> (stream: UInt32, message: GuestMessage)? {
        try parser.withLock { (parser) throws(ProtocolViolation) in try parser.next(from: &bytes) }
    }

    private func dispatch(_ message: GuestMessage, stream: UInt32) throws(ProtocolViolation) {
        guard stream != 0 else { return try control(message) }
        let conversation = try state.withLock { (state) throws(ProtocolViolation) -> (any Conversation)? in
            // After the end the rest of the receive buffer is of no interest.
            if state.end != nil { return nil }
            guard state.hasHello else { throw .unexpected("a message before the hello") }
            if let conversation = state.conversations[stream] { return conversation }
            guard stream < state.nextStream else { throw .unexpected("a message on stream \(stream), which was never opened") }
            try state.abandoned.spend(message, on: stream)
            return nil
        }
        guard let conversation else { return }
        if try conversation.receive(message) { state.withLock { $0.conversations[stream] = nil } }
    }

    private func control(_ message: GuestMessage) throws(ProtocolViolation) {
        switch message {
        case .hello(let theirs):
            let ours = HostHello()
            guard (ours.oldestVersion...ours.newestVersion).contains(theirs.version) else {
                throw .versionMismatch(ours: ours.newestVersion, theirs: theirs.version)
            }
            let first = state.withLock { state in
                defer {
                    state.hasHello = true
                    state.handshakeDeadline = nil
                }
                return !state.hasHello
            }
            guard first else { throw .unexpected("a second hello") }
            hello.settle(.success(theirs))
        case .pong(let nonce):
            guard state.withLock({ $0.keepalive.pong(nonce) }) else { throw .unexpected("a pong that nobody asked for") }
        case .failure(let failure):
            finish(SandboxError(.protocolViolation, "the guest closed the channel: \(failure.safeMessage)"))
        default: throw .unexpected("a message on stream 0 that is neither hello nor pong")
        }
    }

    // MARK: The end

    /// Ends the channel because of what the guest sent.
    func violated(_ violation: ProtocolViolation) { finish(violation.sandboxError) }

    /// Ends the channel; the first reason counts.
    func finish(_ reason: SandboxError) {
        let ending: State? = state.withLock { state in
            guard state.end == nil else { return nil }
            let before = state
            state.end = reason
            state.conversations = [:]
            state.endWaiters = []
            state.timer = nil
            return before
        }
        guard let ending else { return }
        ending.timer?.cancel()
        ending.stream?.close()
        hello.settle(.failure(reason))
        for conversation in ending.conversations.values { conversation.fail(reason) }
        for waiter in ending.endWaiters { waiter.settle(.success(reason)) }
    }

    /// Waits for the end.
    func waitUntilEnded() async throws -> SandboxError {
        let waiter = Answer<SandboxError>()
        let known = state.withLock { state -> SandboxError? in
            if state.end == nil { state.endWaiters.append(waiter) }
            return state.end
        }
        if let known { return known }
        do {
            return try await waiter.value()
        } catch {
            state.withLock { $0.endWaiters.removeAll { $0 === waiter } }
            throw error
        }
    }

    /// Stops dispatching to a stream.
    func abandon(_ stream: UInt32, budget: Int) {
        state.withLock { state in
            guard state.conversations.removeValue(forKey: stream) != nil else { return }
            state.abandoned.insert(stream, budget: budget)
        }
    }

    // MARK: The timer

    /// Makes sure that deadlines are looked at no later than `time`.
    func arm(_ time: NIODeadline) {
        let stream = state.withLock { state -> (any ByteStream)? in
            if state.end != nil { return nil }
            if let timer = state.timer, timer.at <= time { return nil }
            return state.stream
        }
        guard let stream else { return }
        let cancel = stream.schedule(at: time) { [weak self] in self?.tick(time) }
        let stale = state.withLock { state -> (@Sendable () -> Void)? in
            if state.end != nil { return cancel }
            defer { state.timer = (time, cancel) }
            return state.timer?.cancel
        }
        stale?()
    }

    private func tick(_ time: NIODeadline) {
        let now = NIODeadline.now()
        let conversations = state.withLock { state -> [any Conversation] in
            if let timer = state.timer, timer.at == time { state.timer = nil }
            return Array(state.conversations.values)
        }
        var next = conversations.compactMap { $0.expire(at: now) }.min()
        let (verdict, handshake) = state.withLock { state in
            (state.conversations.isEmpty && !options.pingsWhenIdle ? .idle : state.keepalive.check(at: now), state.handshakeDeadline)
        }
        if let handshake {
            if handshake <= now {
                return finish(SandboxError(.timeout, "the guest did not say hello within \(options.handshakeDeadline)"))
            }
            next = min(next ?? handshake, handshake)
        }
        switch verdict {
        case .idle: break
        case .again(let time): next = min(next ?? time, time)
        case .ping(let nonce, let time):
            try? send(.ping(nonce), stream: 0)
            next = min(next ?? time, time)
        case .dead:
            return finish(
                SandboxError(.unavailable, "the guest gave no sign of life for \(options.keepaliveInterval + options.keepaliveTimeout)"))
        }
        if let next { arm(next) }
    }
}
