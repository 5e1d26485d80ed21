import NIOCore
import SandboxCore

/// Reads the head of a tunnel's answer and keeps what follows until somebody takes it.
///
/// Only on its event loop, hence unchecked.
final class TunnelHandshake: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The status, with the body of a refusal.
    let answer: EventLoopPromise<HTTPAnswer>
    private static let headLimit = 64 << 10
    private var received = ByteBuffer()
    private var status: Int?
    private var bodyLength: Int?
    private var isOpen = false
    /// The other side has said everything already.
    private var isInputOver = false
    private var context: ChannelHandlerContext?

    init(_ loop: any EventLoop) { answer = loop.makePromise() }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOpen { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        if status == nil { readHead(context) }
        finishRefusal(atEnd: false)
    }

    func channelInactive(context: ChannelHandlerContext) {
        inputEnded()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard !isOpen, case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        isInputOver = true
        inputEnded()
    }

    private func inputEnded() {
        finishRefusal(atEnd: true)
        answer.fail(SandboxError(.unavailable, "the connection ended before the answer", remedy: "see whether the service runs"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    /// Lets everything through from now on.
    func release() {
        guard let context, !isOpen else { return }
        isOpen = true
        if received.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(received))
            context.fireChannelReadComplete()
        }
        received = ByteBuffer()
        if isInputOver { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
    }

    private func readHead(_ context: ChannelHandlerContext) {
        let view = received.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if view.count > Self.headLimit { fail(context) }
            return
        }
        let lines = String(decoding: view[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let first = lines.first?.split(separator: " ") ?? []
        guard first.count >= 2, first[0].hasPrefix("HTTP/1."), let status = Int(first[1]) else { return fail(context) }
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" { bodyLength = Int(parts[1].filter { $0 != " " }) }
        }
        received.moveReaderIndex(forwardBy: end.upperBound - view.startIndex)
        self.status = status
        guard status == 101 || status == 200 else { return }
        // Nothing more is taken from the connection until somebody is there for it.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        answer.succeed(HTTPAnswer(status: status, body: []))
    }

    private func finishRefusal(atEnd: Bool) {
        guard let status, status != 101, status != 200 else { return }
        let enough = received.readableBytes >= min(bodyLength ?? .max, Self.headLimit)
        if enough || atEnd { answer.succeed(HTTPAnswer(status: status, body: Array(received.readableBytesView))) }
    }

    private func fail(_ context: ChannelHandlerContext) {
        answer.fail(SandboxError(.protocolViolation, "the answer is not HTTP", remedy: "check the address"))
        context.close(promise: nil)
    }
}

/// Takes pieces of numbered streams apart and passes on stream 1.
final class NumberedStreams: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let headerSize = 8
    private var header = ByteBuffer()
    private var stream: UInt8 = 0
    private var remaining = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while bytes.readableBytes > 0 {
            if remaining == 0 {
                var piece = bytes.readSlice(length: min(Self.headerSize - header.readableBytes, bytes.readableBytes)) ?? ByteBuffer()
                header.writeBuffer(&piece)
                guard header.readableBytes == Self.headerSize else { return }
                guard let (number, zero, length) = header.readMultipleIntegers(as: (UInt8, UInt8, UInt32).self, skipping: 2), zero == 0,
                    number <= 3
                else {
                    context.fireErrorCaught(SandboxError(.protocolViolation, "the engine's stream is not in pieces"))
                    context.close(promise: nil)
                    return
                }
                header.clear()
                (stream, remaining) = (number, Int(length))
                continue
            }
            guard let piece = bytes.readSlice(length: min(remaining, bytes.readableBytes)) else { return }
            remaining -= piece.readableBytes
            if stream == 1 { context.fireChannelRead(wrapInboundOut(piece)) }
        }
    }
}

extension ByteBuffer {
    /// A number, a zero, two bytes of padding and a length.
    fileprivate mutating func readMultipleIntegers(as: (UInt8, UInt8, UInt32).Type, skipping count: Int) -> (UInt8, UInt8, UInt32)? {
        guard let first = readInteger(as: UInt8.self), let second = readInteger(as: UInt8.self), readSlice(length: count) != nil,
            let third = readInteger(as: UInt32.self)
        else { return nil }
        return (first, second, third)
    }
}

/// One of two joined channels: what it reads the other writes, and it reads only while the other can write. Where one side has said everything,
/// the other is told so and can still answer. Both on one event loop.
final class TunnelEnd: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: TunnelEnd?
    private var context: ChannelHandlerContext?
    private var isReadPending = false

    static func pair() -> (TunnelEnd, TunnelEnd) {
        let (first, second) = (TunnelEnd(), TunnelEnd())
        (first.partner, second.partner) = (second, first)
        return (first, second)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.context?.write(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { partner?.context?.close(mode: .output, promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let other = partner?.context
        partner = nil
        other?.flush()
        other?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, let partner, partner.isReadPending else { return }
        partner.isReadPending = false
        partner.context?.read()
    }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable ?? true {
            context.read()
        } else {
            isReadPending = true
        }
    }
}
