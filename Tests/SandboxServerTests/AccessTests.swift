import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import Synchronization
import Testing

@testable import SandboxServer

@Suite("Who gets in", .timeLimit(.minutes(10)))
struct AccessTests {
    @Test("health needs no token, everything else does")
    func tokens() async throws {
        try await ServerFixture.run { server in
            #expect(try await server.call(.get, "/v1/health", token: nil).status == 200)
            for route in APIRoute.all where route.scope != nil {
                let path = route.path.replacing(/\{[a-zA-Z]+\}/, with: "x")
                let method = try #require(HTTPRequest.Method(rawValue: route.method))
                for token in [nil, "wrong"] {
                    let answer = try await server.call(method, path, token: token)
                    #expect([401, 429].contains(answer.status), "\(route.id): \(answer.status)")
                }
            }
        }
    }

    @Test("nobody fills the feed by being refused")
    func refusals() async throws {
        let told = Mutex(0)
        var tokens = KnownTokens()
        tokens.onDenial = { told.withLock { $0 += 1 } }
        try await ServerFixture.run(tokens: tokens) { server in
            for _ in 0..<70 {
                let answer = try await server.call(.get, "/v1/sessions", token: nil)
                #expect(answer.status == 401)
            }
            #expect(told.withLock { $0 } == 60)
            // Another holder's share is its own.
            let other = try await server.call(.post, "/v1/sessions", token: "read", json: "{}")
            #expect(other.status == 403)
            #expect(told.withLock { $0 } == 61)
        }
    }

    @Test("a scope reaches as far as it says")
    func scopes() async throws {
        try await ServerFixture.run { server in
            let session = try await server.openSession(token: "exec")
            #expect(try await server.call(.get, "/v1/sessions", token: "read").status == 200)
            let refused = try await server.call(.post, "/v1/sessions", token: "read", json: "{}")
            #expect(refused.status == 403 && refused.failure?.code == "denied")
            #expect(
                try await server.call(.post, "/v1/sessions/\(session.id)/execs", token: "read", json: #"{"shell":"true"}"#).status == 403)
            let host = try await server.call(
                .post, "/v1/sessions", token: "exec", json: #"{"workspace": {"kind": "mounted", "path": "/tmp"}}"#)
            #expect(host.status == 403)
        }
    }

    @Test("a token for one session opens that one and learns nothing of others")
    func binding() async throws {
        let id = SessionID.random()
        var tokens = KnownTokens()
        tokens.grants["bound"] = AccessGrant(holder: "tok-bound", scope: .exec, session: id)
        try await ServerFixture.run(tokens: tokens) { server in
            let other = try await server.openSession()
            for path in ["/v1/sessions/\(other.id)", "/v1/sessions/ses-unknown", "/v1/sessions/\(other.id)/execs"] {
                #expect(try await server.call(.get, path, token: "bound").status == 403, "\(path)")
            }
            #expect(try await server.call(.post, "/v1/sessions", token: "bound", json: "{}").status == 403)
            let page: SessionPage = try await server.call(.get, "/v1/sessions", token: "bound").decoded()
            #expect(page.sessions.isEmpty)
        }
    }

    @Test("another name, another origin and another site are refused")
    func names() async throws {
        try await ServerFixture.run { server in
            let origin = try await server.call(.get, "/v1/sessions", headers: [.origin: "http://evil.example"])
            #expect(origin.status == 403)
            let site = try await server.call(.get, "/v1/sessions", headers: [.secFetchSite: "cross-site"])
            #expect(site.status == 403)
        }
        let check = HostCheck(ServerOptions(hostNames: ["box.example"]), access: KnownTokens())
        for name in ["localhost:7263", "127.0.0.1", "[::1]:1", "BOX.example:80"] {
            try check.check(authority: name, origin: nil, site: nil)
        }
        for name in ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:7263"] {
            #expect(throws: StatusError.self) { try check.check(authority: name, origin: nil, site: nil) }
        }
    }

    @Test("guesses are slowed down, and the rightful holder still gets in")
    func guesses() async throws {
        try await ServerFixture.run { server in
            var statuses: Set<Int> = []
            for _ in 0..<25 { statuses.insert(try await server.call(.get, "/v1/sessions", token: "guess").status) }
            #expect(statuses == [401, 429])
            #expect(try await server.call(.get, "/v1/sessions", token: "guess").headers[.retryAfter] != nil)
            #expect(try await server.call(.get, "/v1/sessions").status == 200)
        }
    }
}
