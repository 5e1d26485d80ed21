import NIOCore
import NIOHTTP1

/// Answers a first request that is no HTTP, and closes its connection: until it is known what the connection becomes nothing else stands there
/// that would, and the client would be held until its time is up.
final class FirstHeadErrors: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private var isOver = false

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver else { return }
        isOver = true
        guard error is HTTPParserError else { return context.close(promise: nil) }
        let head = HTTPResponseHead(
            version: .http1_1, status: .badRequest, headers: ["Connection": "close", "Content-Length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
