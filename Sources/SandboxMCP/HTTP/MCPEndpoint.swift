import Logging
import SandboxCore
import Synchronization

/// The streamable HTTP transport: one path, a message a request. It answers requests whose sender was checked already and knows no web server.
public final class MCPEndpoint: Sendable {
    /// A body holds at most this.
    public static let bodyLimit = 8 << 20
    private static let requestLimit = 512

    let server: MCPServer
    let sessions = HandshakeSessions()
    /// Requests of clients that need no handshake, under names of our own: theirs are only theirs.
    private let requests = RequestsInFlight(limit: requestLimit)

    /// Creates an endpoint.
    public init(server: MCPServer) { self.server = server }

    /// Answers a request.
    public func answer(_ http: MCPHTTPRequest) async -> MCPHTTPAnswer {
        switch http.method {
        case "POST": await post(http)
        case "GET": resume(http)
        case "DELETE": await close(http)
        default: .empty(405, headers: [("Allow", "POST, GET, DELETE")])
        }
    }

    /// The server is about to end: a stream that is closed from now on was not closed by its client, and its command goes on.
    public func leaveCommands() { server.leaveCommands() }

    /// Takes nothing more and ends what is being served. Commands go on, for the server that comes after this one.
    public func end() async {
        server.leaveCommands()
        await requests.end(grace: .zero)
        for session in sessions.removeAll() { await session.end() }
        await server.close()
    }

    private func post(_ http: MCPHTTPRequest) async -> MCPHTTPAnswer {
        let accepted = http.header("accept") ?? "*/*"
        let json: JSON
        do {
            json = try JSONParser.parse(http.body)
        } catch {
            return .failure(.parse("this is no JSON: \(error)"), to: nil)
        }
        if let batch = json.elements { return await answer(batch: batch, http) }
        let message: RPCMessage
        do throws(RPCMessage.Malformed) {
            message = try RPCMessage(json)
        } catch {
            return .failure(.invalidRequest(error.message), to: error.id)
        }
        switch message {
        case .response: return .empty(202)
        case .notification(let method, let params): return notified(method, params, http)
        case .request(let request):
            let isModern =
                request.params["_meta"]?[MetaKey.protocolVersion] != nil
                || http.header("mcp-protocol-version").map { ProtocolRevision(rawValue: $0)?.hasHandshake != true } ?? false
            guard isModern else { return await handshake(request, http, accepted) }
            return await modern(request, http, accepted)
        }
    }

    /// Everything is in the request, and closing the stream cancels it.
    private func modern(_ request: RPCRequest, _ http: MCPHTTPRequest, _ accepted: String) async -> MCPHTTPAnswer {
        let admitted: AdmittedRequest
        do throws(RPCError) {
            if let version = http.header("mcp-protocol-version"), ProtocolRevision(rawValue: version)?.hasHandshake != false {
                throw .unsupportedRevision(version)
            }
            admitted = try server.admit(request, access: http.access, negotiated: nil)
            try HeaderCheck.check(request, http)
        } catch {
            return .failure(error, to: request.id)
        }
        guard admitted.isStreamed, Self.takesEvents(accepted) else {
            return await whole(request, http.access, negotiated: nil)
        }
        let log = EventLog()
        let name = RPCID.string("\(UInt64.random(in: 0...UInt64.max))-\(UInt64.random(in: 0...UInt64.max))")
        do {
            try start(name, request, http.access, negotiated: nil, in: requests, log)
        } catch {
            return .failure(MCPStream.refusal(error), to: request.id, status: 503)
        }
        let reader = log.attach()
        let position = Mutex(0)
        let requests = requests
        return MCPHTTPAnswer(
            status: 200, headers: Self.streaming,
            body: .events(
                MCPEvents(
                    next: {
                        guard let event = await log.next(after: position.withLock { $0 }, reader: reader) else { return nil }
                        position.withLock { $0 = event.number }
                        return EventFrame.bytes(event.bytes)
                    },
                    leave: {
                        log.leave(reader)
                        requests.cancel(name)
                    })))
    }

    static let streaming: [(name: String, value: String)] = [("X-Accel-Buffering", "no")]

    static func takesEvents(_ accepted: String) -> Bool { accepted.contains("text/event-stream") || accepted.contains("*/*") }

    /// Serves beside the connection, into a log.
    func start(
        _ name: RPCID, _ request: RPCRequest, _ access: MCPAccess, negotiated: ProtocolRevision?, in requests: RequestsInFlight,
        _ log: EventLog
    ) throws(RequestsInFlight.Refusal) {
        let server = server
        try requests.start(name) {
            do throws(RPCError) {
                let result = try await server.result(of: request, access: access, negotiated: negotiated, notify: { log.add($0) })
                if !Task.isCancelled { log.add(RPCReply.result(request.id, result), last: true) }
            } catch {
                log.add(RPCReply.failure(request.id, error), last: true)
            }
            log.finish()
        }
    }

    /// Serves and answers in one piece.
    func whole(_ request: RPCRequest, _ access: MCPAccess, negotiated: ProtocolRevision?) async -> MCPHTTPAnswer {
        do throws(RPCError) {
            let result = try await server.result(of: request, access: access, negotiated: negotiated, notify: { _ in })
            return .json(200, RPCReply.result(request.id, result))
        } catch {
            return .failure(error, to: request.id, status: negotiated == nil ? nil : 200)
        }
    }
}
