import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxTesting
import SystemPackage
import Testing

@testable import SandboxServer

/// Tokens that tests know.
struct KnownTokens: AccessVerifying {
    var grants: [String: AccessGrant] = [
        "admin": AccessGrant(holder: "tok-admin", scope: .admin), "exec": AccessGrant(holder: "tok-exec", scope: .exec),
        "read": AccessGrant(holder: "tok-read", scope: .read),
    ]

    func grant(for token: String) async throws -> AccessGrant {
        guard let grant = grants[token] else { throw SandboxError(.denied, "the access token is not valid") }
        return grant
    }

    /// Called for each refusal that the feed is told of.
    var onDenial: @Sendable () -> Void = {}

    func noteDenial(_ reason: String, _ facts: [String: String]) async { onDenial() }
    func noteChange(_ operation: String, by holder: String, session: SessionID?, _ facts: [String: String]) async {}
}

/// An engine on sandboxes in memory, and a server in front of it on a real socket.
struct ServerFixture: Sendable {
    let engine: Engine
    let client: any TestClientProtocol

    static func run(
        tokens: KnownTokens = KnownTokens(), backends: [any SandboxBackend] = [InMemoryBackend()],
        contributors: [any RouteContributor] = [], secrets: (any SecretKeeping)? = nil,
        _ change: (inout ServerOptions) -> Void = { _ in },
        _ body: @escaping @Sendable (ServerFixture) async throws -> Void
    ) async throws {
        let data = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-server-\(UUID().uuidString)").path)
        defer { try? FileManager.default.removeItem(atPath: data.string) }
        var configuration = EngineConfiguration(dataDirectory: data)
        configuration.floor = .none
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = try Engine(configuration: configuration, backends: backends, logger: logger)
        var options = ServerOptions(port: 0, version: "test")
        change(&options)
        let server = SandlotServer(
            engine: engine, options: options, access: tokens, secrets: secrets, contributors: contributors, logger: logger)
        do {
            try await server.application().test(.live) { client in try await body(ServerFixture(engine: engine, client: client)) }
        } catch {
            await engine.shutdown()
            throw error
        }
        await engine.shutdown()
    }

    /// An answer with its JSON.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var bytes: [UInt8]

        func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value { try APICoding.decode(type, from: bytes) }
        var failure: ErrorBody.Failure? { try? decoded(ErrorBody.self).error }
        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// The lines of an NDJSON stream.
        func events() throws -> [StreamEvent] {
            try bytes.split(separator: 0x0A).map { try APICoding.decode(StreamEvent.self, from: Array($0)) }
        }
    }

    func call(
        _ method: HTTPRequest.Method, _ path: String, token: String? = "admin", headers: HTTPFields = [:], body: [UInt8]? = nil
    ) async throws -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        return try await client.execute(uri: path, method: method, headers: headers, body: body.map { ByteBuffer(bytes: $0) }) { response in
            Answer(status: response.status.code, headers: response.headers, bytes: Array(response.body.readableBytesView))
        }
    }

    func call(
        _ method: HTTPRequest.Method, _ path: String, token: String? = "admin", headers: HTTPFields = [:], json: String
    ) async throws -> Answer {
        try await call(method, path, token: token, headers: headers, body: Array(json.utf8))
    }

    func openSession(_ json: String = "{}", token: String = "admin") async throws -> SessionBody {
        let answer = try await call(.post, "/v1/sessions", token: token, json: json)
        #expect(answer.status == 201, "\(answer.text)")
        return try answer.decoded()
    }
}
