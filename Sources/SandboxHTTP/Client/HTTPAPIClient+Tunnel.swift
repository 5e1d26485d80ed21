import Glibc
import NIOCore
import NIOPosix
import NIOSSL
public import SandboxCore
import SystemPackage

/// What a tunnel's incoming bytes are wrapped in.
public enum TunnelFraming: Sendable {
    /// Nothing.
    case none
    /// Pieces of several streams, each behind a header of 8 bytes (stream number, three zero bytes, big-endian length), as container engines
    /// send them. Stream 1 is passed on; what comes on others is dropped.
    case numberedStreams
}

extension HTTPAPIClient {
    /// Sends a call whose answer makes its connection a stream of bytes in both directions, and returns one end of a local socket that stands
    /// for it: a descriptor, which the caller closes. The connection ends with it, and it with the connection. Each direction ends by itself too:
    /// after `shutdown` for writing the other side reads the end and can still be heard.
    ///
    /// The call's deadline is for the answer. Throws as `send` does; a refusal's status and body are handed to `refusal` for the error.
    public func tunnel(
        _ call: HTTPCall, framing: TunnelFraming, refusal: @escaping @Sendable (HTTPAnswer) -> SandboxError
    ) async throws -> Int32 {
        let (remote, handshake) = try await upgrade(call, to: "tcp", accepting: [101, 200], refusal: refusal)
        do {
            return try await Self.join(remote, handshake, framing, remote.eventLoop)
        } catch {
            remote.close(promise: nil)
            throw error
        }
    }

    /// Sends a call whose answer makes its connection something else. Nothing more is read from it before the handshake is released.
    func upgrade(
        _ call: HTTPCall, to kind: String, accepting statuses: Set<Int>, refusal: @escaping @Sendable (HTTPAnswer) -> SandboxError
    ) async throws -> (any Channel, TunnelHandshake) {
        let what = "\(call.verb.rawValue) \(call.path) at \(endpoint)"
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let handshake = TunnelHandshake(loop)
        let remote: any Channel
        do {
            remote = try await connect(loop, handshake)
        } catch {
            handshake.answer.fail(error)
            throw TransportFailure.error(error, doing: what, endpoint: endpoint)
        }
        let alarm = loop.scheduleTask(in: .nanoseconds(call.deadline.wholeNanoseconds)) {
            handshake.answer.fail(
                SandboxError(.timeout, "\(what): no answer within \(call.deadline)", remedy: "see whether the service is overloaded"))
        }
        defer { alarm.cancel() }
        do {
            let text = try request(call, upgrade: kind)
            return try await withTaskCancellationHandler {
                try await remote.writeAndFlush(ByteBuffer(bytes: text))
                let answer = try await handshake.answer.futureResult.get()
                guard statuses.contains(answer.status) else { throw refusal(answer) }
                try Task.checkCancellation()
                return (remote, handshake)
            } onCancel: {
                remote.close(promise: nil)
            }
        } catch {
            remote.close(promise: nil)
            try Task.checkCancellation()
            throw TransportFailure.error(error, doing: what, endpoint: endpoint)
        }
    }

    private func connect(_ loop: any EventLoop, _ handshake: TunnelHandshake) async throws -> any Channel {
        let endpoint = endpoint
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(5)).channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if case .network(let host, _, let security?) = endpoint {
                        let context = try NIOSSLContext(configuration: try security.configuration())
                        // An address is no name that a certificate could be asked for.
                        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host))
                    }
                    try channel.pipeline.syncOperations.addHandler(handshake)
                }
            }
        switch endpoint {
        case .unixSocket(let path): return try await bootstrap.connect(unixDomainSocketPath: path.string).get()
        case .network(let host, let port, _): return try await bootstrap.connect(host: host, port: port).get()
        }
    }

    private func request(_ call: HTTPCall, upgrade: String) throws -> [UInt8] {
        var host = "localhost"
        if case .network(let name, let port, _) = endpoint { host = name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)" }
        var head = "\(call.verb.rawValue) \(call.target) HTTP/1.1\r\nHost: \(host)\r\nConnection: Upgrade\r\nUpgrade: \(upgrade)\r\n"
        for header in call.headers {
            guard !(header.name + header.value).utf8.contains(where: { $0 == 13 || $0 == 10 }) else {
                throw SandboxError(.invalidArgument, "a header of the call holds a line end")
            }
            head += "\(header.name): \(header.value)\r\n"
        }
        switch call.body {
        case .none: return Array("\(head)Content-Length: 0\r\n\r\n".utf8)
        case .bytes(let bytes, let type):
            return Array("\(head)Content-Type: \(type)\r\nContent-Length: \(bytes.count)\r\n\r\n".utf8) + bytes
        case .stream: throw SandboxError(.invalidArgument, "a tunnel's call cannot have a body that is a stream")
        }
    }

    /// Joins the connection with one end of a socket pair; the other end is the result.
    private static func join(
        _ remote: any Channel, _ handshake: TunnelHandshake, _ framing: TunnelFraming, _ loop: any EventLoop
    ) async throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SandboxError(.limitExceeded, "no more descriptors for a tunnel", remedy: "raise the limit of open files")
        }
        let (near, far) = (ends[0], ends[1])
        do {
            let local = try await ClientBootstrap(group: loop).channelOption(.autoRead, value: false)
                .channelOption(.allowRemoteHalfClosure, value: true).withConnectedSocket(near).get()
            try await loop.submit {
                let (first, second) = TunnelEnd.pair()
                if framing == .numberedStreams {
                    try remote.pipeline.syncOperations.addHandler(NumberedStreams(), position: .after(handshake))
                }
                try remote.pipeline.syncOperations.addHandler(first)
                try local.pipeline.syncOperations.addHandler(second)
                // What came behind the answer's head goes through the new handlers.
                handshake.release()
                try remote.syncOptions?.setOption(.autoRead, value: true)
                try local.syncOptions?.setOption(.autoRead, value: true)
                // An end that came before there was somebody to hear it.
                if !remote.isActive { local.close(promise: nil) }
            }.get()
            return far
        } catch {
            // The near end belongs to its channel, or to nobody if that was not made: then the descriptor is refused as what it is.
            _ = Glibc.close(far)
            throw error
        }
    }
}
