import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes connections that hold the server up: a head or a body that does not come, an answer that nobody reads, a body without end behind an
/// answer that was given. It also tells the streams of the connection when the other end has gone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Times: Sendable {
        var head: TimeAmount
        var idle: TimeAmount
        var body: TimeAmount
        var write: TimeAmount
    }

    /// What a refused sender may still send until its connection is closed.
    private static let drained = 4 << 20

    private let times: Times
    private let watch: ConnectionWatch
    private var isRequestOpen = false
    private var isAnswering = false
    /// The connection ends with the answer that is being given.
    private var endsAfterAnswer = false
    /// The answer came before the body was whole, and said that the connection ends: what is left of the body is read so that the answer is
    /// not lost with it, and nobody sends another request behind it.
    private var endsAfterRequest = false
    private var left = ConnectionGuard.drained
    private var reading: Scheduled<Void>?
    private var writing: Scheduled<Void>?

    init(_ times: Times, watch: ConnectionWatch) {
        self.times = times
        self.watch = watch
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(context, times.head) }

    func handlerRemoved(context: ChannelHandlerContext) {
        reading?.cancel()
        writing?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reading?.cancel()
        switch unwrapInboundIn(data) {
        case .head(let head):
            (isRequestOpen, isAnswering, left) = (true, true, Self.drained)
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body(let bytes) where !isAnswering:
            left -= bytes.readableBytes
            if left < 0 { return context.close(promise: nil) }
        case .body: break
        case .end:
            isRequestOpen = false
            if endsAfterRequest, !isAnswering { return context.close(promise: nil) }
            if !isAnswering { arm(context, times.idle) }
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        // Only a server that waits for the body starts the clock: one that does not read holds the sender up itself.
        if isRequestOpen { arm(context, times.body) }
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isRequestOpen && head.status.code >= 400:
            endsAfterRequest = true
            head.headerFields[.connection] = "close"
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body: break
        case .end:
            isAnswering = false
            if !isRequestOpen { arm(context, times.idle) }
            if endsAfterAnswer || endsAfterRequest && !isRequestOpen {
                let (channel, promise) = (context.channel, promise ?? context.eventLoop.makePromise())
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                return context.write(data, promise: promise)
            }
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        writing = context.channel.isWritable ? nil : schedule(context, times.write)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            watch.gone()
            if !isAnswering { return context.close(promise: nil) }
            endsAfterAnswer = true
        } else if event is ChannelShouldQuiesceEvent {
            if !isAnswering, !isRequestOpen { return context.close(promise: nil) }
            endsAfterAnswer = true
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        watch.gone()
        context.fireChannelInactive()
    }

    private func arm(_ context: ChannelHandlerContext, _ time: TimeAmount) {
        reading?.cancel()
        reading = schedule(context, time)
    }

    private func schedule(_ context: ChannelHandlerContext, _ time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
