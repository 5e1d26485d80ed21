import NIOCore

/// Closes a connection whose first request does not come. It stands in front of everything until it is known what the connection becomes.
final class FirstHeadTimer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let time: TimeAmount
    private var task: Scheduled<Void>?

    init(_ time: TimeAmount) { self.time = time }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        task = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { task?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        let isOver = (event as? ChannelEvent).map { if case .inputClosed = $0 { true } else { false } } ?? false
        // Nobody is served yet, so there is nothing to finish.
        if isOver || event is ChannelShouldQuiesceEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
