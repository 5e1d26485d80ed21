import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore
import SandboxHTTP
import ServedEngine
import Synchronization

/// A proxy in front of a server that breaks chosen calls.
final class FaultProxy: Sendable {
    enum Fault: Sendable {
        /// The server never hears of the call.
        case refuse(
            Int, headers: [String: String] = [:], body: String = #"{"code":0,"message":"made up"}"#, type: String = "application/json")
        /// The server does it, and its answer is lost.
        case loseAnswer
        /// The server does it, and something else is answered.
        case answerInstead(Int, body: String, type: String)
        /// The answer is cut off after so many bytes.
        case cutAnswer(after: Int)
        /// The server gets only the first bytes of the body.
        case cutRequest(after: Int)
    }

    struct Rule: Sendable {
        var call: String
        var fault: Fault
        var times: Int
    }

    let address: String
    private let target: HTTPAPIClient
    private let rules = Mutex<[Rule]>([])
    private let log = Mutex<[String]>([])
    private let serving = Mutex<Task<Void, any Error>?>(nil)

    private static let dropped: Set<String> = ["host", "content-length", "transfer-encoding", "connection"]

    private init(address: String, target: HTTPAPIClient) {
        self.address = address
        self.target = target
    }

    /// Starts a proxy before `address`.
    static func start(before address: String) async throws -> FaultProxy {
        let target = try HTTPAPIClient(HTTPEndpoint(parsing: address), logger: ServedEngine.logger)
        let ports = AsyncStream<Int>.makeStream()
        let found = Mutex<FaultProxy?>(nil)
        let router = Router()
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            router.on("**", method: method) { request, _ in
                guard let proxy = found.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
                return try await proxy.pass(request)
            }
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: ServedEngine.logger)
        let task = Task {
            defer { ports.continuation.finish() }
            try await application.run()
        }
        guard let port = await ports.stream.first(where: { _ in true }) else {
            try await task.value
            throw SandboxError(.unavailable, "the proxy ended before it listened")
        }
        let proxy = FaultProxy(address: "http://127.0.0.1:\(port)", target: target)
        proxy.serving.withLock { $0 = task }
        found.withLock { $0 = proxy }
        return proxy
    }

    func stop() async {
        let task = serving.withLock { $0 }
        task?.cancel()
        _ = try? await task?.value
    }

    /// Breaks the next calls whose method and path begin and end so: `POST …/Start`.
    func inject(_ fault: Fault, on call: String, times: Int = 1) {
        rules.withLock { $0.append(Rule(call: call, fault: fault, times: times)) }
    }

    /// How often a call came.
    func count(_ call: String) -> Int { log.withLock { $0.filter { Self.matches($0, call) }.count } }

    private static func matches(_ line: String, _ call: String) -> Bool {
        let parts = call.split(separator: "…", maxSplits: 1)
        return parts.count == 2 ? line.hasPrefix(parts[0]) && line.hasSuffix(parts[1]) : line == call
    }

    private func fault(for line: String) -> Fault? {
        log.withLock { $0.append(line) }
        return rules.withLock { rules in
            guard let index = rules.firstIndex(where: { $0.times > 0 && Self.matches(line, $0.call) }) else { return nil }
            rules[index].times -= 1
            return rules[index].fault
        }
    }

    private struct Broken: Error {}

    private func pass(_ request: Request) async throws -> Response {
        let fault = fault(for: "\(request.method.rawValue) \(request.uri.path)")
        var body: [UInt8] = []
        for try await piece in request.body { body += piece.readableBytesView }
        switch fault {
        case .refuse(let status, let headers, let text, let type):
            var fields: HTTPFields = [.contentType: type]
            for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
            return Response(status: .init(code: status), headers: fields, body: .init(byteBuffer: ByteBuffer(string: text)))
        case .cutRequest(let count): body = Array(body.prefix(count))
        default: break
        }
        guard let verb = HTTPCall.Verb(rawValue: request.method.rawValue) else { throw HTTPError(.methodNotAllowed) }
        var call = HTTPCall(verb, request.uri.string, deadline: .seconds(60))
        call.headers = request.headers.filter { !Self.dropped.contains($0.name.canonicalName) && $0.name != .contentType }
            .map { ($0.name.rawName, $0.value) }
        if !body.isEmpty { call.body = .bytes(body, type: request.headers[.contentType] ?? "application/octet-stream") }
        let answer = try await target.open(call)
        var fields = HTTPFields()
        for field in answer.headers.all where !Self.dropped.contains(field.name.lowercased()) {
            if let name = HTTPField.Name(field.name) { fields.append(HTTPField(name: name, value: field.value)) }
        }
        switch fault {
        case .answerInstead(let status, let text, let type):
            return Response(status: .init(code: status), headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
        case .loseAnswer:
            return Response(status: .init(code: answer.status), headers: fields, body: ResponseBody { _ in throw Broken() })
        default: break
        }
        var left = Int.max
        if case .cutAnswer(let count) = fault { left = count }
        let most = left
        return Response(
            status: .init(code: answer.status), headers: fields,
            body: ResponseBody { writer in
                var left = most
                for try await piece in answer.body {
                    try await writer.write(ByteBuffer(bytes: piece.prefix(left)))
                    left -= min(left, piece.count)
                    if left == 0 { throw Broken() }
                }
                try await writer.finish(nil)
            })
    }
}
