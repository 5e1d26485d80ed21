import NIOCore
import NIOPosix
import NIOWebSocket
public import SandboxCore

extension HTTPAPIClient {
    /// Sends a call that makes its connection a WebSocket, to hear what the server says. The call's deadline is for the answer.
    ///
    /// Throws as `send` does; a refusal's status and body are handed to `refusal` for the error.
    public func webSocket(_ call: HTTPCall, refusal: @escaping @Sendable (HTTPAnswer) -> SandboxError) async throws -> WebSocketMessages {
        var call = call
        // Proves only that the server does not answer from a cache; what is no frame ends the connection anyway.
        let key = (0..<16).map { _ in UInt8.random(in: 0...255) }
        call.headers += [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", Self.base64(key))]
        let (remote, handshake) = try await upgrade(call, to: "websocket", accepting: [101], refusal: refusal)
        let inbox = WebSocketInbox()
        do {
            try await remote.eventLoop.submit {
                let pipeline = remote.pipeline.syncOperations
                try pipeline.addHandler(WebSocketFrameEncoder())
                try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketInbox.largestFrame)))
                try pipeline.addHandler(inbox)
                handshake.release()
                if !remote.isActive { inbox.end(nil) }
            }.get()
        } catch {
            remote.close(promise: nil)
            throw error
        }
        return WebSocketMessages(channel: remote, inbox: inbox)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let left = min(3, bytes.count - start)
            let group = (0..<3).reduce(0) { $0 << 8 | ($1 < left ? Int(bytes[start + $1]) : 0) }
            for digit in 0..<4 { text.append(digit <= left ? alphabet[group >> (18 - 6 * digit) & 63] : "=") }
        }
        return text
    }
}

/// What a server says over a WebSocket, fetched as fast as it is asked for.
public final class WebSocketMessages: Sendable {
    private let channel: any Channel
    private let inbox: WebSocketInbox

    init(channel: any Channel, inbox: WebSocketInbox) {
        self.channel = channel
        self.inbox = inbox
    }

    deinit { channel.close(promise: nil) }

    /// The bytes of the next frame, text or binary; nil when the server has closed it. Throws `unavailable` when the connection broke. One
    /// caller at a time.
    public func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await channel.eventLoop.flatSubmit { [inbox, channel] in inbox.next(channel.eventLoop) }.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    /// Ends the connection.
    public func close() { channel.close(promise: nil) }
}

/// Keeps what came until somebody asks for it. Only on its event loop, hence unchecked.
final class WebSocketInbox: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    static let largestFrame = 4 << 20

    private var frames: [[UInt8]] = []
    private var waiter: EventLoopPromise<[UInt8]?>?
    private var ending: Result<[UInt8]?, any Error>?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func next(_ loop: any EventLoop) -> EventLoopFuture<[UInt8]?> {
        if !frames.isEmpty { return loop.makeSucceededFuture(frames.removeFirst()) }
        if let ending { return loop.makeCompletedFuture(ending) }
        guard waiter == nil else { return loop.makeFailedFuture(SandboxError(.internalError, "two readers of one WebSocket")) }
        let promise = loop.makePromise(of: [UInt8]?.self)
        waiter = promise
        context?.read()
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary, .text, .continuation:
            let bytes = Array(frame.unmaskedData.readableBytesView)
            if !bytes.isEmpty { frames.append(bytes) }
        case .ping: answer(.pong, frame.unmaskedData, context)
        case .connectionClose:
            answer(.connectionClose, frame.unmaskedData, context)
            let code = frame.unmaskedData.getInteger(at: frame.unmaskedData.readerIndex, as: UInt16.self) ?? 1000
            end(code <= 1001 ? .success(nil) : .failure(Self.broken("the server ended it with code \(code)")))
            context.close(promise: nil)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard let waiter else { return }
        guard !frames.isEmpty else { return context.read() }
        self.waiter = nil
        waiter.succeed(frames.removeFirst())
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(nil)
        context.fireChannelInactive()
    }

    /// A server that went away without a word ends its direction only.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        end(nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(error))
        context.close(promise: nil)
    }

    /// Nil: the connection broke. What came before is still handed out; the first end counts.
    func end(_ result: Result<[UInt8]?, any Error>?) {
        guard ending == nil else { return }
        let result = result ?? .failure(Self.broken("the connection broke"))
        ending = result
        guard let waiter else { return }
        self.waiter = nil
        if frames.isEmpty { waiter.completeWith(result) } else { waiter.succeed(frames.removeFirst()) }
    }

    private func answer(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private static func broken(_ why: String) -> SandboxError {
        SandboxError(.unavailable, "a WebSocket: \(why)", remedy: "see whether the service runs")
    }
}
