internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// One host's byte stream: reads frames, answers requests, and sends what the execs that it follows have to say.
///
/// Memory is bounded: frames are read only while little waits to be written, and output stays in the execs' rings until it can be written.
final class Channel {
    /// What a stream number stands for while its conversation lasts.
    enum Conversation {
        case exec(Subscription)
        case file(FileConversation)
    }

    /// Waiting bytes beyond which no more requests are read.
    private static let congestion = 4 << 20
    /// Output up to this size is copied, so that many small pieces share one write.
    private static let smallPiece = 16 << 10

    let number: UInt32
    private unowned let server: GuestServer
    private let reading: EventLoop.Watch
    private let writing: EventLoop.Watch
    private var decoder = FrameDecoder()
    private var outbox = ChannelOutbox()
    private var version: UInt16?
    private var highestStream: UInt32 = 0
    private var conversations: [UInt32: Conversation] = [:]
    /// Subscriptions with something to send, in turn.
    private var queue: [Subscription] = []
    private(set) var isClosed = false
    /// The conversation is over; what waits is still written.
    private var isEnding = false
    private var isDirty = false

    /// Takes over both descriptors, which may be the same.
    init(number: UInt32, reading input: Int32, writing output: Int32, server: GuestServer) {
        self.number = number
        self.server = server
        sandlot_set_nonblocking(input)
        sandlot_set_nonblocking(output)
        sandlot_grow_socket_buffers(output, 4 << 20)
        // Reading and writing are watched apart, so one number each.
        let second = input == output ? fcntl(output, F_DUPFD_CLOEXEC, 3) : output
        reading = server.loop.watch(input) { _ in }
        writing = server.loop.watch(second) { _ in }
        server.loop.setHandler(reading) { [weak self] _ in self?.readSome() }
        server.loop.setHandler(writing) { [weak self] _ in self?.markDirty() }
        reading.want(SANDLOT_READABLE)
    }

    // MARK: Sending

    func send(_ message: GuestMessage, stream: UInt32) {
        guard !isClosed, !isEnding else { return }
        outbox.append(message.encode(stream: stream))
        markDirty()
    }

    /// Takes a subscription into the list of those with something to send.
    func enqueue(_ subscription: Subscription) {
        guard !subscription.isQueued, !isClosed else { return }
        subscription.isQueued = true
        queue.append(subscription)
        markDirty()
    }

    /// Writes as much as the descriptor takes, within a share that leaves other channels their turn.
    func flush() {
        isDirty = false
        guard !isClosed else { return }
        var share = 4 << 20
        while share > 0 {
            if !isEnding { gather() }
            guard !outbox.isEmpty else {
                writing.want(0)
                if isEnding { return close() }
                return updateReading()
            }
            let (progress, isBroken) = outbox.writeSome(to: writing.descriptor)
            if isBroken { return close() }
            if progress == 0 {
                writing.want(SANDLOT_WRITABLE)
                return updateReading()
            }
            share -= progress
        }
        writing.want(SANDLOT_WRITABLE)
        updateReading()
    }

    /// True when everything has been written.
    var isFlushed: Bool { isClosed || outbox.isEmpty }

    private func gather() {
        var turn = 0
        while outbox.ringFrame == nil, outbox.pending < 64 << 10, turn < queue.count {
            let subscription = queue[turn]
            switch subscription.next() {
            case nil:
                subscription.isQueued = false
                queue.remove(at: turn)
            case .ended(let end):
                subscription.isQueued = false
                queue.remove(at: turn)
                outbox.append(GuestMessage.ended(end).encode(stream: subscription.stream))
                subscription.leaveAfterEnd()
            case .output(let output, let offset, let count):
                let (kind, prefix) = GuestMessage.outputPrefix(stream: output.stream, offset: offset)
                let header = Frame.header(kind: kind, stream: subscription.stream, length: prefix.count + count) + prefix
                if count <= Channel.smallPiece || output.discards {
                    outbox.append(header: header, output.ring.bytes(from: offset, count: count))
                } else {
                    outbox.set(
                        ChannelOutbox.RingFrame(
                            stream: subscription.stream, header: header, ring: output.ring, offset: offset, remaining: count))
                }
                // The others first, then this one again.
                queue.remove(at: turn)
                queue.append(subscription)
                turn = 0
            }
        }
    }

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        server.needsFlush(self)
    }

    private func updateReading() {
        reading.want(outbox.pending > Channel.congestion || isEnding ? 0 : SANDLOT_READABLE)
    }

    // MARK: Receiving

    private func readSome() {
        let count = server.withScratch { scratch -> Int in
            let got = read(reading.descriptor, scratch.baseAddress, scratch.count)
            if got > 0 { decoder.append(UnsafeBufferPointer(rebasing: scratch[..<got])) }
            return got
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return close() }
        do {
            while !isClosed, !isEnding, let frame = try decoder.next() {
                try handle(try HostMessage.decode(frame), stream: frame.stream)
            }
        } catch {
            // What was sent before the violation may still be answered; nothing after it is believed.
            finish(with: GuestFailure(.invalidArgument, message: "protocol violation: \(error)"))
        }
        updateReading()
    }

    /// Says why on stream 0 and closes when that is written.
    private func finish(with failure: GuestFailure) {
        guard !isClosed, !isEnding else { return }
        send(.failure(failure), stream: 0)
        isEnding = true
        abandonConversations()
        markDirty()
        // A host that does not read does not keep the channel either.
        _ = server.loop.after(2000) { [weak self] in self?.close() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        abandonConversations()
        reading.close()
        writing.close()
        server.channelClosed(self)
    }

    private func abandonConversations() {
        let all = conversations
        conversations = [:]
        for (stream, conversation) in all {
            switch conversation {
            case .exec(let subscription): subscription.leave()
            case .file: server.files.abandon(channel: number, stream: stream)
            }
        }
        queue = []
    }

    private func handle(_ message: HostMessage, stream: UInt32) throws(ProtocolViolation) {
        guard version != nil else { return try greet(message, stream: stream) }
        if stream == 0 {
            guard case .ping(let nonce) = message else { throw .unexpected("only pings are for stream 0") }
            return send(.pong(nonce), stream: 0)
        }
        if case .request(let request) = message {
            guard conversations[stream] == nil else { throw .unexpected("a request on a stream in use") }
            highestStream = max(highestStream, stream)
            return answer(request, stream: stream)
        }
        switch conversations[stream] {
        case .exec(let subscription): try handle(message, of: subscription)
        case .file: server.files.deliver(message, channel: number, stream: stream)
        // The conversation may have ended while the message was under way.
        case nil: if stream > highestStream { throw .unexpected("a message on a stream that was never opened") }
        }
    }

    private func greet(_ message: HostMessage, stream: UInt32) throws(ProtocolViolation) {
        guard stream == 0, case .hello(let hello) = message else { throw .unexpected("the first message must be a hello") }
        let agreed = min(hello.newestVersion, ProtocolVersion.current)
        guard hello.oldestVersion <= hello.newestVersion, agreed >= hello.oldestVersion, agreed >= ProtocolVersion.oldest else {
            return finish(
                with: GuestFailure(
                    .unsupported,
                    message: "version mismatch: this guest speaks \(ProtocolVersion.oldest) to \(ProtocolVersion.current), "
                        + "the host \(hello.oldestVersion) to \(hello.newestVersion)"))
        }
        version = agreed
        send(.hello(server.hello(version: agreed)), stream: 0)
    }

    // MARK: Exec conversations

    private func handle(_ message: HostMessage, of subscription: Subscription) throws(ProtocolViolation) {
        let exec = subscription.exec
        switch message {
        case .acknowledge(let standardOutput, let standardError):
            if let frame = outbox.ringFrame, frame.stream == subscription.stream {
                let offset = frame.ring === exec.standardOutput.ring ? standardOutput : standardError
                guard offset <= frame.offset else { throw .unexpected("acknowledgement of bytes that are still under way") }
            }
            try subscription.acknowledge(standardOutput: standardOutput, standardError: standardError)
        case .input(let bytes): try subscription.receive(bytes)
        case .inputEnd: exec.input?.finish()
        case .signal(let number): _ = exec.signal(number, wholeTree: false)
        case .resize(let size): exec.resize(size)
        case .cancel: exec.terminate(.cancel)
        case .close: subscription.leave()
        default: throw .unexpected("not a message for an exec")
        }
    }

    func follow(_ subscription: Subscription) {
        conversations[subscription.stream] = .exec(subscription)
    }

    /// Nothing more of this stream may be taken from its rings.
    func streamIsOver(_ subscription: Subscription) {
        outbox.withdraw(stream: subscription.stream)
        conversations[subscription.stream] = nil
    }

    /// The ring's bytes are about to go, though the stream goes on.
    func keepCopy(for subscription: Subscription) {
        outbox.keepCopy(stream: subscription.stream)
    }

    // MARK: Requests

    private func answer(_ request: GuestRequest, stream: UInt32) {
        do throws(GuestFailure) {
            switch request {
            case .startExec(let start): try server.start(start, channel: self, stream: stream)
            case .attachExec(let id, let standardOutput, let standardError):
                try server.attach(id, standardOutput: standardOutput, standardError: standardError, channel: self, stream: stream)
            case .listExecs: send(.response(.execs(server.execs.statuses)), stream: stream)
            case .signalExec(let id, let signal, let wholeTree):
                try server.signal(id, signal: signal, wholeTree: wholeTree)
                send(.response(.done), stream: stream)
            case .cancelExec(let id):
                try server.execs.find(id).terminate(.cancel)
                send(.response(.done), stream: stream)
            case .forgetExec(let id):
                try server.execs.forget(id)
                send(.response(.done), stream: stream)
            case .shutdown(let grace): server.shutDown(grace: grace, channel: self, stream: stream)
            default:
                guard conversations.count < 4096 else {
                    throw GuestFailure(.limitExceeded, message: "too many streams are open on this channel")
                }
                conversations[stream] = .file(FileConversation(request))
                server.files.submit(request, channel: number, stream: stream)
            }
        } catch {
            send(.failure(error), stream: stream)
        }
    }

    /// An answer of the file service.
    func deliver(_ message: GuestMessage, stream: UInt32) {
        guard case .file(let conversation) = conversations[stream] else { return }
        send(message, stream: stream)
        if conversation.isLast(message) { conversations[stream] = nil }
    }
}
