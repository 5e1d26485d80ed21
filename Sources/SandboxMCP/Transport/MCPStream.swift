import Logging
import SandboxCore
import Synchronization

/// One client on a pair of byte streams, a message a line: standard input and output, or a socket.
public final class MCPStream: Sendable {
    /// A line holds at most this: the content of a file and room for its escapes.
    static let lineLimit = 8 << 20
    static let requestLimit = 64
    static let batchLimit = 32

    private let server: MCPServer
    private let access: MCPAccess
    private let send: @Sendable ([UInt8]) async throws -> Void
    private let requests = RequestsInFlight(limit: requestLimit)
    private let negotiated = Mutex<ProtocolRevision?>(nil)
    private let isBroken = Mutex(false)

    /// `send` writes bytes in one piece and waits until they are gone.
    public init(server: MCPServer, access: MCPAccess, send: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.server = server
        self.access = access
        self.send = send
    }

    /// Serves until the input ends; what is being served then may finish within `grace`, the rest is cancelled.
    public func run(grace: Duration = .milliseconds(500), _ next: () async throws -> [UInt8]?) async throws {
        var lines = LineSplitter(limit: Self.lineLimit)
        do {
            while !isBroken.withLock({ $0 }), let piece = try await next() {
                for line in lines.add(piece) { await take(line) }
            }
            for line in lines.finish() { await take(line) }
        } catch {
            await requests.end(grace: .zero)
            throw error
        }
        await requests.end(grace: Task.isCancelled ? .zero : grace)
    }

    private func take(_ line: LineSplitter.Line) async {
        guard case .whole(let bytes) = line else {
            return await write(RPCReply.failure(nil, .invalidRequest("a message is longer than \(Self.lineLimit) bytes")))
        }
        do {
            let json = try JSONParser.parse(bytes)
            if let batch = json.elements { try await take(batch: batch) } else { await take(message: json) }
        } catch let problem as JSONParser.Problem {
            await write(RPCReply.failure(nil, .parse("this is no JSON: \(problem)")))
        } catch {
            await write(RPCReply.failure(nil, error as? RPCError ?? .internalError("\(error)")))
        }
    }

    private func take(message json: JSON) async {
        do throws(RPCMessage.Malformed) {
            switch try RPCMessage(json) {
            case .response: break
            case .notification(let method, let params): notified(method, params)
            case .request(let request): await take(request)
            }
        } catch {
            await write(RPCReply.failure(error.id, .invalidRequest(error.message)))
        }
    }

    private func take(_ request: RPCRequest) async {
        // The handshake is finished before the next line is read: what follows depends on it.
        if request.method == "initialize" { return await write(initialize(request)) }
        do {
            try requests.start(request.id) {
                let reply = await self.reply(to: request)
                // Nobody waits for what was cancelled.
                if !Task.isCancelled { await self.write(reply) }
            }
        } catch {
            await write(RPCReply.failure(request.id, Self.refusal(error)))
        }
    }

    /// Requests that came together are served one after the other and answered together.
    private func take(batch: [JSON]) async throws {
        guard negotiated.withLock({ $0?.hasBatches }) == true else {
            throw RPCError.invalidRequest("several messages in one array are not part of this protocol version: send one a line")
        }
        guard (1...Self.batchLimit).contains(batch.count) else {
            throw RPCError.invalidRequest("a batch holds 1 to \(Self.batchLimit) messages")
        }
        // Counted as one request, under a name that no client can choose.
        let name = RPCID.string(String(repeating: "b", count: 300) + String(UInt64.random(in: 0...UInt64.max)))
        do {
            try requests.start(name) {
                var replies: [JSON] = []
                for json in batch {
                    if let reply = await self.reply(toElement: json) { replies.append(reply) }
                }
                if !Task.isCancelled, !replies.isEmpty { await self.write(.array(replies)) }
            }
        } catch {
            throw Self.refusal(error)
        }
    }

    private func reply(toElement json: JSON) async -> JSON? {
        do throws(RPCMessage.Malformed) {
            switch try RPCMessage(json) {
            case .response: return nil
            case .notification(let method, let params):
                notified(method, params)
                return nil
            case .request(let request):
                guard request.method != "initialize" else {
                    return RPCReply.failure(request.id, .invalidRequest("'initialize' cannot be part of a batch"))
                }
                return await reply(to: request)
            }
        } catch {
            return RPCReply.failure(error.id, .invalidRequest(error.message))
        }
    }

    private func reply(to request: RPCRequest) async -> JSON {
        do throws(RPCError) {
            let result = try await server.result(
                of: request, access: access, negotiated: negotiated.withLock { $0 }, notify: { await self.write($0) })
            return RPCReply.result(request.id, result)
        } catch {
            return RPCReply.failure(request.id, error)
        }
    }

    private func initialize(_ request: RPCRequest) -> JSON {
        do throws(RPCError) {
            let (result, revision) = try server.initialize(request.params)
            negotiated.withLock { $0 = revision }
            return RPCReply.result(request.id, result)
        } catch {
            return RPCReply.failure(request.id, error)
        }
    }

    private func notified(_ method: String, _ params: JSON.Members) {
        guard method == "notifications/cancelled", let id = params["requestId"].flatMap(RPCID.init) else { return }
        requests.cancel(id)
    }

    static func refusal(_ refusal: RequestsInFlight.Refusal) -> RPCError {
        switch refusal {
        case .duplicate: .invalidRequest("a request with this id is being served already")
        case .tooMany: .internalError("more than \(requestLimit) requests at once: wait for answers")
        case .over: .internalError("the server is shutting down")
        }
    }

    private func write(_ message: JSON) async {
        do {
            try await send(message.bytes + [UInt8(ascii: "\n")])
        } catch {
            // Nobody reads any more: the next look at the input ends it.
            isBroken.withLock { $0 = true }
        }
    }
}
