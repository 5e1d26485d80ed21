import NIOCore
import NIOPosix
import SandboxCore
import Synchronization

/// A proxy in front of a server that breaks chosen calls. It knows HTTP only as far as it must; a WebSocket passes through it.
final class FaultProxy: Sendable {
    /// `http://127.0.0.1:PORT`.
    let address: String
    private let port: Int
    private let rules = Mutex<[(call: String, fault: ProxyFault, left: Int)]>([])
    private let log = Mutex<[String]>([])
    private let sent = Mutex(0)
    private let serving = Mutex<Task<Void, any Error>?>(nil)

    private init(listening: Int, before port: Int) {
        address = "http://127.0.0.1:\(listening)"
        self.port = port
    }

    /// Starts a proxy before `http://127.0.0.1:PORT`.
    static func start(before address: String) async throws -> FaultProxy {
        guard let port = address.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw SandboxError(.invalidArgument, "\(address) has no port")
        }
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { ProxiedConnection.wrap($0) }
        let proxy = FaultProxy(listening: listener.channel.localAddress?.port ?? 0, before: port)
        let task = Task {
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    // A connection that breaks is what this is for.
                    for try await connection in connections { group.addTask { try? await proxy.serve(connection) } }
                }
            }
        }
        proxy.serving.withLock { $0 = task }
        return proxy
    }

    func stop() async {
        let task = serving.withLock { $0 }
        task?.cancel()
        _ = try? await task?.value
    }

    /// Breaks the next calls whose method and path begin and end so: `POST …/Start`.
    func inject(_ fault: ProxyFault, on call: String, times: Int = 1) { rules.withLock { $0.append((call, fault, times)) } }

    /// How often a call came.
    func count(_ call: String) -> Int { log.withLock { $0.filter { Self.matches($0, call) }.count } }

    /// The bytes of all calls' bodies so far.
    var bodyBytes: Int { sent.withLock { $0 } }

    private static func matches(_ line: String, _ call: String) -> Bool {
        let parts = call.split(separator: "…", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? line.hasPrefix(parts[0]) && line.hasSuffix(parts[1]) : line == call
    }

    private func fault(for line: String) -> ProxyFault? {
        log.withLock { $0.append(line) }
        return rules.withLock { rules in
            guard let index = rules.firstIndex(where: { $0.left > 0 && Self.matches(line, $0.call) }) else { return nil }
            rules[index].left -= 1
            return rules[index].fault
        }
    }

    /// One call; then both sides are closed, so that whatever happened to it, the next one is clean.
    private func serve(_ connection: ProxiedConnection) async throws {
        defer { connection.close() }
        var client = MessageReader(connection.pieces)
        guard var head = try await client.head() else { return }
        let fault = fault(for: head.call)
        var body: [UInt8] = []
        while let piece = try await client.piece() { body += piece }
        sent.withLock { [count = body.count] in $0 += count }
        switch fault {
        case .drop: return
        case .refuse(let status, let headers, let text, let type):
            return try await connection.send(MessageHead.answer(status, headers, text, type))
        case .cutRequest(let count): body = Array(body.prefix(count))
        default: break
        }
        let upstream = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { ProxiedConnection.wrap($0) }
        defer { upstream.close() }
        head.set("Content-Length", head.isUpgrade || body.isEmpty && !head.mayHaveBody ? nil : "\(body.count)")
        head.set("Transfer-Encoding", nil)
        if !head.isUpgrade { head.set("Connection", "close") }
        try await upstream.send(head.bytes + body)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer {
                    connection.close()
                    upstream.close()
                }
                var server = MessageReader(upstream.pieces)
                guard let head = try await server.head() else { return }
                try await AnswerWriter(connection, fault).write(head, &server)
            }
            // What a client says after its call; and when it leaves, the server is told.
            while let more = await client.rest() { try? await upstream.send(more) }
            upstream.close()
            try await group.next()
        }
    }
}

/// One side of a call.
struct ProxiedConnection: Sendable {
    private let channel: any Channel
    /// What comes in; over when the connection is.
    let pieces: AsyncStream<ByteBuffer>

    static func wrap(_ channel: any Channel) -> EventLoopFuture<ProxiedConnection> {
        let (pieces, source) = AsyncStream<ByteBuffer>.makeStream()
        return channel.pipeline.addHandler(Inflow(source)).map { ProxiedConnection(channel: channel, pieces: pieces) }
    }

    /// Returns when the bytes are on their way.
    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }

    func close() { channel.close(promise: nil) }

    private final class Inflow: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let source: AsyncStream<ByteBuffer>.Continuation

        init(_ source: AsyncStream<ByteBuffer>.Continuation) { self.source = source }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { source.yield(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { source.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
