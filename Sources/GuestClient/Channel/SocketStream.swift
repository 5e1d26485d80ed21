import NIOCore
import NIOPosix

/// A byte stream over a NIO channel.
struct SocketStream: ByteStream {
    /// Large enough for a whole content frame, so that bulk output takes few system calls.
    private static let receiveSize = 512 << 10

    private let channel: any Channel

    /// Connects to a unix socket whose path fits the kernel's limit.
    static func connect(path: String, options: GuestChannelOptions, receiver: any ByteReceiver) async throws -> SocketStream {
        let bootstrap = ClientBootstrap(group: options.eventLoops ?? MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.nanoseconds(options.handshakeDeadline.wholeNanoseconds))
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveSize))
            .channelOption(.maxMessagesPerRead, value: 8)
            .channelInitializer { channel in prepare(channel, receiver) }
        return SocketStream(channel: try await bootstrap.connect(unixDomainSocketPath: path).get())
    }

    /// Takes over a connected socket.
    static func adopt(socket descriptor: Int32, options: GuestChannelOptions, receiver: any ByteReceiver) async throws -> SocketStream {
        let bootstrap = ClientBootstrap(group: options.eventLoops ?? MultiThreadedEventLoopGroup.singleton)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveSize))
            .channelOption(.maxMessagesPerRead, value: 8)
            .channelInitializer { channel in prepare(channel, receiver) }
        return SocketStream(channel: try await bootstrap.withConnectedSocket(descriptor).get())
    }

    /// Takes over a bidirectional descriptor that is not a socket.
    static func adopt(pipe descriptor: Int32, options: GuestChannelOptions, receiver: any ByteReceiver) async throws -> SocketStream {
        let bootstrap = NIOPipeBootstrap(group: options.eventLoops ?? MultiThreadedEventLoopGroup.singleton)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveSize))
            .channelInitializer { channel in prepare(channel, receiver) }
        return SocketStream(channel: try await bootstrap.takingOwnershipOfDescriptor(inputOutput: descriptor).get())
    }

    /// Takes over two descriptors, one for each direction.
    static func adopt(
        reading input: Int32, writing output: Int32, options: GuestChannelOptions, receiver: any ByteReceiver
    ) async throws -> SocketStream {
        let bootstrap = NIOPipeBootstrap(group: options.eventLoops ?? MultiThreadedEventLoopGroup.singleton)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveSize))
            .channelInitializer { channel in prepare(channel, receiver) }
        return SocketStream(channel: try await bootstrap.takingOwnershipOfDescriptors(input: input, output: output).get())
    }

    private static func prepare(_ channel: any Channel, _ receiver: any ByteReceiver) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(SocketReceiver(receiver))
        }
    }

    func write(_ bytes: ByteBuffer, written: (@Sendable (Bool) -> Void)?) {
        guard let written else {
            channel.writeAndFlush(bytes, promise: nil)
            return
        }
        channel.writeAndFlush(bytes).whenComplete { result in
            if case .success = result { written(true) } else { written(false) }
        }
    }

    func schedule(at time: NIODeadline, _ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let scheduled = channel.eventLoop.scheduleTask(deadline: time) { work() }
        return { scheduled.cancel() }
    }

    func close() { channel.close(promise: nil) }
}

/// Hands what a NIO channel reads to a receiver.
private final class SocketReceiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let receiver: any ByteReceiver
    private var failure: (any Error)?

    init(_ receiver: any ByteReceiver) { self.receiver = receiver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        receiver.received(&bytes)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { receiver.ended(failure) }
}
