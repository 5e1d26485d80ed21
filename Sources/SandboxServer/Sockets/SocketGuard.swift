import NIOCore

/// Closes a WebSocket whose other end answers no ping, or does not read.
final class SocketGuard: ChannelDuplexHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny
    typealias OutboundIn = NIOAny
    typealias OutboundOut = NIOAny

    private let silence: TimeAmount
    private let write: TimeAmount
    private var hearing: Scheduled<Void>?
    private var writing: Scheduled<Void>?

    init(silence: TimeAmount, write: TimeAmount) {
        self.silence = silence
        self.write = write
    }

    func handlerAdded(context: ChannelHandlerContext) { hear(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        hearing?.cancel()
        writing?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hear(context)
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        let channel = context.channel
        // One that does not read sends no pong either, but may not have been asked for one.
        writing = channel.isWritable ? nil : context.eventLoop.scheduleTask(in: write) { channel.close(promise: nil) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func hear(_ context: ChannelHandlerContext) {
        hearing?.cancel()
        let channel = context.channel
        hearing = context.eventLoop.scheduleTask(in: silence) { channel.close(promise: nil) }
    }
}
