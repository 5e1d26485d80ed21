import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// One connection: HTTP/1.1, guarded, or a WebSocket when its first request asks for one.
struct ServerConnection: ServerChildChannel, HTTPChannelHandler {
    /// What became of a connection.
    enum Kind: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>, ConnectionWatch)
        case socket(ServerSocket.Channel, Result<SocketTicket, any Error>)
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let kind: EventLoopFuture<Kind>
    }

    let responder: HTTPChannelHandler.Responder
    let options: ServerOptions
    let metrics: ServerMetrics
    let gate: SocketGate

    /// Input of a terminal; larger pastes come in several messages.
    private static let largestFrame = 256 << 10

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let timer = FirstHeadTimer(TimeAmount(options.headTimeout))
            try channel.pipeline.syncOperations.addHandler(timer, name: Self.timer)
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = options.largestHead
            limits.maxHeaderListSize = options.largestHead
            limits.maxHeaderFieldCount = 200
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration<Kind>(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                    upgraders: [upgrader(logger)],
                    notUpgradingCompletionHandler: { channel in
                        channel.eventLoop.makeCompletedFuture { try plain(channel) }
                    }))
            configuration.enablePipelining = false
            configuration.enableErrorHandling = false
            configuration.enableResponseHeaderValidation = false
            configuration.decoderConfiguration = limits
            let kind = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(configuration: configuration)
            try channel.pipeline.syncOperations.addHandler(FirstHeadErrors(), name: Self.errors)
            return Value(channel: channel, kind: kind)
        }
    }

    func handle(value: Value, logger: Logger) async {
        metrics.add(1, to: "connections")
        defer { metrics.add(-1, to: "connections") }
        // A connection that ends before it says what it wants is nobody's failure.
        guard let kind = try? await value.kind.get() else {
            value.channel.close(promise: nil)
            return
        }
        switch kind {
        case .http(let http, let watch):
            await ConnectionWatch.$current.withValue(watch) { await handleHTTP(asyncChannel: http, logger: logger) }
        case .socket(let socket, .failure(let error)): await TerminalViewer.refuse(socket, error)
        case .socket(let socket, .success(.terminal(let ticket))):
            metrics.add(1, to: "terminals")
            await TerminalViewer(engine: gate.terminals.engine, ticket: ticket, keepalive: options.keepalive, logger: logger).run(socket)
            metrics.add(-1, to: "terminals")
        case .socket(let socket, .success(.contributed(let serve))): await Self.serve(socket, serve, options.keepalive, logger)
        }
    }

    private static func serve(
        _ socket: ServerSocket.Channel, _ serve: SocketHandler, _ keepalive: Duration, _ logger: Logger
    ) async {
        do {
            try await socket.executeThenClose { inbound, outbound in
                try await serve(ServerSocket(inbound, SocketOutput(outbound), keepalive: keepalive))
            }
        } catch {
            logger.trace("a WebSocket broke off", metadata: ["error": "\(error)"])
        }
    }

    private static let timer = "first-head-timer"
    private static let errors = "first-head-errors"

    /// Takes out what only watches over the first head.
    private func settle(_ pipeline: ChannelPipeline.SynchronousOperations) {
        _ = pipeline.removeHandler(name: Self.timer)
        _ = pipeline.removeHandler(name: Self.errors)
    }

    private func plain(_ channel: any Channel) throws -> Kind {
        let pipeline = channel.pipeline.syncOperations
        settle(pipeline)
        let watch = ConnectionWatch()
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: options.tls != nil))
        try pipeline.addHandler(ConnectionGuard(times, watch: watch))
        let http = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        return .http(http, watch)
    }

    private func upgrader(_ logger: Logger) -> NIOTypedWebSocketServerUpgrader<Kind> {
        let tickets = TicketBox()
        return NIOTypedWebSocketServerUpgrader(
            maxFrameSize: Self.largestFrame,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeFutureWithTask {
                    // A refusal is told in the socket: a page could not read it from a handshake that fails.
                    do {
                        guard let ticket = try await gate.ticket(for: head) else { return nil }
                        tickets.put(.success(ticket))
                    } catch {
                        await gate.terminals.access.noteDenial(
                            "a terminal was refused", ["path": String(head.uri.prefix { $0 != "?" }.prefix(200))])
                        tickets.put(.failure(error))
                    }
                    return [:]
                }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    settle(pipeline)
                    try pipeline.addHandler(
                        SocketGuard(silence: TimeAmount(options.keepalive) * 3, write: TimeAmount(options.writeTimeout)))
                    try pipeline.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 1024, maxAccumulatedFrameSize: Self.largestFrame))
                    guard let ticket = tickets.take() else { throw ChannelError.ioOnClosedChannel }
                    return .socket(try ServerSocket.Channel(wrappingChannelSynchronously: channel), ticket)
                }
            })
    }

    private var times: ConnectionGuard.Times {
        ConnectionGuard.Times(
            head: TimeAmount(options.idleTimeout), idle: TimeAmount(options.idleTimeout), body: TimeAmount(options.bodyTimeout),
            write: TimeAmount(options.writeTimeout))
    }
}
