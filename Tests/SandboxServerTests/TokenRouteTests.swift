import HTTPTypes
import SandboxAPI
import SandboxCore
import Synchronization
import Testing

@testable import SandboxServer

/// Secrets in memory.
private final class KnownSecrets: SecretKeeping {
    let values = Mutex<[String: String]>([:])

    func secrets() async throws -> SecretListBody {
        SecretListBody(secrets: values.withLock { $0.keys.sorted().map { .init(name: $0, changedAt: 1) } })
    }
    func set(_ name: String, to value: String) async throws { values.withLock { $0[name] = value } }
    func remove(_ name: String) async throws {
        guard values.withLock({ $0.removeValue(forKey: name) }) != nil else { throw SandboxError(.notFound, "no secret") }
    }
}

@Suite("Tokens and secrets over HTTP", .timeLimit(.minutes(1)))
struct TokenRouteTests {
    @Test("a token is told once, listed without its secret, and ended")
    func tokens() async throws {
        try await ServerFixture.run { server in
            let made = try await server.call(.post, "/v1/tokens", json: #"{"name": "laptop", "scope": "read", "lifeMs": 60000}"#)
            #expect(made.status == 201)
            let issued: IssuedTokenBody = try made.decoded()
            #expect(issued.token.scope == .read && issued.token.expiresAt != nil)
            let list = try await server.call(.get, "/v1/tokens")
            #expect(try list.decoded(TokenListBody.self).tokens.map(\.name) == ["laptop"])
            #expect(!list.text.contains(issued.credential))
            #expect(try await server.call(.delete, "/v1/tokens/\(issued.token.id)").status == 204)
            #expect(try await server.call(.delete, "/v1/tokens/\(issued.token.id)").status == 404)
            #expect(try await server.call(.post, "/v1/tokens", token: "exec", json: #"{"name": "x", "scope": "admin"}"#).status == 403)
        }
    }

    @Test("a secret goes in and never comes out")
    func secrets() async throws {
        let keeper = KnownSecrets()
        try await ServerFixture.run(secrets: keeper) { server in
            #expect(try await server.call(.put, "/v1/secrets/cloud", json: #"{"value": "planted"}"#).status == 204)
            #expect(keeper.values.withLock { $0 } == ["cloud": "planted"])
            let list = try await server.call(.get, "/v1/secrets")
            #expect(try list.decoded(SecretListBody.self).secrets.map(\.name) == ["cloud"])
            #expect(!list.text.contains("planted"))
            #expect(try await server.call(.get, "/v1/secrets", token: "exec").status == 403)
            #expect(try await server.call(.delete, "/v1/secrets/cloud").status == 204)
            #expect(try await server.call(.delete, "/v1/secrets/cloud").status == 404)
        }
    }
}
