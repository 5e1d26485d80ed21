import AsyncHTTPClient
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SandboxCore
import SystemPackage

/// A client of one HTTP API, over a unix socket or the network.
///
/// Every call has a deadline and every collected body a cap. Statuses are the caller's business; what throws is that no whole answer came:
/// `unavailable` (nobody there, connection lost), `denied` (the socket's permissions), `timeout`, `limitExceeded`, `protocolViolation`.
public final class HTTPAPIClient: Sendable {
    /// Whom it speaks to.
    public let endpoint: HTTPEndpoint
    let logger: Logger
    private let client: HTTPClient
    private let base: String

    /// Prepares a client; nothing is connected. Throws `invalidArgument` when a file of the transport's security cannot be used.
    ///
    /// With `silence` an answer that brings nothing for so long counts as lost.
    public init(_ endpoint: HTTPEndpoint, logger: Logger, connectDeadline: Duration = .seconds(5), silence: Duration? = nil) throws {
        self.endpoint = endpoint
        self.logger = logger
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .nanoseconds(connectDeadline.wholeNanoseconds)),
            connectionPool: .init(idleTimeout: .seconds(30)))
        configuration.httpVersion = .http1Only
        configuration.timeout.read = silence.map { .nanoseconds($0.wholeNanoseconds) }
        // A service that is not there is told at once, not after the connection's deadline.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Calls that wait for a state hold a connection for as long as that takes; nobody else may have to wait for them.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
        switch endpoint {
        case .unixSocket(let path): base = "http+unix://\(HTTPText.segment(path.string))"
        case .network(_, _, let security):
            if let security { configuration.tlsConfiguration = try security.configuration() }
            base = endpoint.description
        }
        client = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
    }

    deinit {
        // Connections that are still in use belong to calls that hold this value, so only idle ones are closed here.
        client.shutdown { _ in }
    }

    /// Sends a call and collects its answer, at most `limit` bytes of body.
    public func send(_ call: HTTPCall, limit: Int = 8 << 20) async throws -> HTTPAnswer {
        try await within(call) { [self] in
            let response = try await execute(call)
            var body: [UInt8] = []
            for try await piece in response.body {
                guard body.count + piece.readableBytes <= limit else {
                    throw SandboxError(.limitExceeded, "the answer to \(call.verb.rawValue) \(call.path) is longer than \(limit) bytes")
                }
                body.append(contentsOf: piece.readableBytesView)
            }
            return HTTPAnswer(status: Int(response.status.code), headers: response.headers.fields, body: body)
        }
    }

    /// Sends a call and hands its answer to `work` while the body is still coming. The connection is closed when `work` has left a rest.
    public func stream<R: Sendable>(
        _ call: HTTPCall, _ work: @escaping @Sendable (HTTPStreamedAnswer) async throws -> R
    ) async throws -> R {
        try await within(call) { [self] in
            let response = try await execute(call)
            let pieces = BodyPieces(response.body)
            return try await work(
                HTTPStreamedAnswer(
                    status: Int(response.status.code), headers: response.headers.fields, body: SandboxStream { try await pieces.next() }))
        }
    }

    /// Sends a call and returns when its answer begins, within the call's deadline; the body may last for ever. The connection is closed by letting
    /// go of the body.
    public func open(_ call: HTTPCall) async throws -> HTTPStreamedAnswer {
        let response = try await within(call) { [self] in try await execute(call, deadline: .distantFuture) }
        let pieces = BodyPieces(response.body)
        let what = "\(call.verb.rawValue) \(call.path) at \(endpoint)"
        return HTTPStreamedAnswer(
            status: Int(response.status.code), headers: response.headers.fields,
            body: SandboxStream { [self] in
                do {
                    return try await pieces.next()
                } catch {
                    try Task.checkCancellation()
                    throw TransportFailure.error(error, doing: what, endpoint: endpoint)
                }
            })
    }

    private func execute(_ call: HTTPCall, deadline: NIODeadline? = nil) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: base + call.target)
        request.method = HTTPMethod(rawValue: call.verb.rawValue)
        // The socket's encoded path, which would be the default, is no host name to servers that look.
        if case .unixSocket = endpoint { request.headers.add(name: "Host", value: "localhost") }
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        switch call.body {
        case .none: break
        case .bytes(let bytes, let type):
            request.headers.replaceOrAdd(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let stream, let type):
            request.headers.replaceOrAdd(name: "Content-Type", value: type)
            request.body = .stream(BufferedPieces(stream), length: .unknown)
        }
        return try await client.execute(request, deadline: deadline ?? .now() + .nanoseconds(call.deadline.wholeNanoseconds))
    }

    private func within<R: Sendable>(_ call: HTTPCall, _ work: @escaping @Sendable () async throws -> R) async throws -> R {
        let what = "\(call.verb.rawValue) \(call.path) at \(endpoint)"
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: call.deadline)
                return nil
            }
            defer { group.cancelAll() }
            do {
                guard let first = try await group.next(), let result = first else {
                    throw SandboxError(
                        .timeout, "\(what) took longer than \(call.deadline)", remedy: "see whether the service is overloaded")
                }
                return result
            } catch {
                try Task.checkCancellation()
                throw TransportFailure.error(error, doing: what, endpoint: endpoint)
            }
        }
    }
}
