import HTTPTypes
import Hummingbird
import NIOCore
import SandboxAPI
import SandboxCore
public import SandboxMCP

/// The door for MCP clients: `/mcp`, streamable HTTP. Who asks and from which page was checked before; what a token may do, it may do here.
public struct MCPRoutes: RouteContributor {
    private let endpoint: MCPEndpoint
    private let keepalive: Duration

    /// Creates the door. `keepalive` is the time between two signs of life on a silent stream.
    public init(endpoint: MCPEndpoint, keepalive: Duration = .seconds(15)) {
        self.endpoint = endpoint
        self.keepalive = keepalive
    }

    /// Registers the door's one path.
    public func addRoutes(to routes: ServerRoutes) {
        for method in [HTTPRequest.Method.post, .get, .delete] {
            // Reading tools need no more than this; the endpoint offers the others to those who may.
            routes.add(method, "/mcp", scope: .read) { request, context in try await answer(request, context) }
        }
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let grant = try context.granted()
        let headers = request.headers
        let answer = await endpoint.answer(
            MCPHTTPRequest(
                method: request.method.rawValue, header: { name in HTTPField.Name(name).flatMap { headers[$0] } },
                body: try await body(of: request),
                access: MCPAccess(mayExecute: grant.scope >= .exec, onlySession: grant.session, holder: grant.holder),
                holder: grant.holder))
        return response(answer)
    }

    private func body(of request: Request) async throws -> [UInt8] {
        guard request.method == .post else { return [] }
        let media = (request.headers[.contentType] ?? "").prefix { $0 != ";" && $0 != " " }.lowercased()
        guard media == "application/json" else {
            throw StatusError(
                status: .unsupportedMediaType,
                failure: SandboxError(.invalidArgument, "the body is of type '\(media.prefix(64))'", remedy: "send application/json"))
        }
        var bytes: [UInt8] = []
        for try await piece in request.byteStream() {
            guard bytes.count + piece.count <= MCPEndpoint.bodyLimit else {
                throw StatusError(
                    status: .contentTooLarge,
                    failure: SandboxError(.limitExceeded, "the body is larger than \(MCPEndpoint.bodyLimit) bytes", remedy: "send less"))
            }
            bytes += piece
        }
        return bytes
    }

    private func response(_ answer: MCPHTTPAnswer) -> Response {
        var headers: HTTPFields = [:]
        for field in answer.headers {
            if let name = HTTPField.Name(field.name) { headers[name] = field.value }
        }
        let status = HTTPResponse.Status(code: answer.status)
        switch answer.body {
        case .whole(let bytes):
            if !bytes.isEmpty { headers[.contentType] = "application/json" }
            return Response(status: status, headers: headers, body: Hummingbird.ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .events(let events):
            headers[.contentType] = "text/event-stream"
            headers[.cacheControl] = "no-store"
            return Response(status: status, headers: headers, body: Hummingbird.ResponseBody { try await write(events, to: &$0) })
        }
    }

    private func write(_ events: MCPEvents, to writer: inout any ResponseBodyWriter) async throws {
        defer { events.leave() }
        var out = writer
        // The head goes out with the first bytes: a client waits for it.
        try await out.write(ByteBuffer(string: ":\n\n"))
        try await LiveStream.run(keepalive: keepalive, source: { await events.next() }) { item in
            switch item {
            case .element(let event): try await out.write(ByteBuffer(bytes: event))
            case .silence: try await out.write(ByteBuffer(string: ":\n\n"))
            // A stream that ends without a response tells its client to take it up again, or to ask again.
            case .notice:
                endpoint.leaveCommands()
                return false
            case .end, .failure, .gone: return false
            }
            return true
        }
        writer = out
        try await writer.finish(nil)
    }
}
