import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import Testing

@Suite("Sessions over HTTP", .timeLimit(.minutes(10)))
struct SessionRouteTests {
    @Test("a session is opened, found by name, changed, extended and closed")
    func life() async throws {
        try await ServerFixture.run { server in
            let opened = try await server.openSession(#"{"name": "work", "agent": "me", "maxLifeMs": 600000}"#)
            #expect(opened.state == .ready)
            let found: SessionBody = try await server.call(.get, "/v1/sessions/work").decoded()
            #expect(found.id == opened.id && found.maxLifeMs == 600_000)
            let page: SessionPage = try await server.call(.get, "/v1/sessions?agent=me&name=work").decoded()
            #expect(page.sessions.map(\.id) == [opened.id] && page.next == nil)
            let changed: SessionBody = try await server.call(
                .patch, "/v1/sessions/work", json: #"{"name": "other", "idleTtlMs": 60000}"#
            ).decoded()
            #expect(changed.name == "other" && changed.idleTtlMs == 60_000)
            let longer: SessionBody = try await server.call(.post, "/v1/sessions/other/extend", json: #"{"idleTtlMs": 90000}"#).decoded()
            #expect(longer.idleTtlMs == 90_000)
            #expect(try await server.call(.delete, "/v1/sessions/other").status == 204)
            let closed: SessionBody = try await server.call(.get, "/v1/sessions/\(opened.id)").decoded()
            #expect(closed.state == .closed)
            #expect(try await server.call(.post, "/v1/sessions/\(opened.id)/extend").status == 409)
        }
    }

    @Test("a decision is told with its reasons, and nothing is opened")
    func decision() async throws {
        try await ServerFixture.run { server in
            let decided: RouteDecision = try await server.call(.post, "/v1/decision", token: "read", json: "{}").decoded()
            #expect(decided.isAutomatic && decided.reasons.map(\.verdict) == [.chosen])
            let named = try await server.call(.post, "/v1/decision", token: "read", json: #"{"backend": "nowhere"}"#)
            #expect(named.failure?.code == "not_found")
            let impossible = try await server.call(.post, "/v1/decision", token: "read", json: #"{"floor": "microvm"}"#)
            #expect(impossible.status >= 400, "\(impossible.text)")
            let page: SessionPage = try await server.call(.get, "/v1/sessions").decoded()
            #expect(page.sessions.isEmpty)
        }
    }

    @Test("asking what a sandbox uses makes none, and one that shows no processes is not guessed at")
    func usage() async throws {
        try await ServerFixture.run { server in
            let session = try await server.openSession(#"{"prepare": false}"#)
            let path = "/v1/sessions/\(session.id)/usage"
            #expect(try await server.call(.get, path, token: "read").failure?.code == "conflict")
            #expect(try await server.call(.post, "/v1/sessions/\(session.id)/prepare").status == 200)
            let answer = try await server.call(.get, path, token: "read")
            #expect(answer.failure?.code == "unsupported", "\(answer.text)")
        }
    }

    @Test("pages follow each other without repetition")
    func pages() async throws {
        try await ServerFixture.run { server in
            var opened: [SessionID] = []
            for _ in 0..<5 { opened.append(try await server.openSession(#"{"prepare": false}"#).id) }
            var seen: [SessionID] = []
            var after = ""
            repeat {
                let page: SessionPage = try await server.call(.get, "/v1/sessions?limit=2\(after)").decoded()
                seen += page.sessions.map(\.id)
                after = page.next.map { "&after=\($0)" } ?? ""
            } while !after.isEmpty
            #expect(seen == opened)
        }
    }

    @Test("a wish that cannot be met is refused with its code, and changes nothing")
    func refusals() async throws {
        try await ServerFixture.run { server in
            for (json, status, code) in [
                (#"{"backend": "nowhere"}"#, 404, "not_found"), (#"{"nmae": "x"}"#, 400, "invalid_argument"),
                (#"{"name": "Not A Name"}"#, 400, "invalid_argument"), ("[]", 400, "invalid_argument"), ("{", 400, "invalid_argument"),
                (#"{"idleTtlMs": -1}"#, 400, "invalid_argument"),
            ] {
                let answer = try await server.call(.post, "/v1/sessions", json: json)
                #expect(answer.status == status && answer.failure?.code == code, "\(json): \(answer.status) \(answer.text)")
                #expect(answer.failure?.requestId == answer.headers[.init("X-Request-Id")!])
            }
            let page: SessionPage = try await server.call(.get, "/v1/sessions").decoded()
            #expect(page.sessions.isEmpty)
            #expect(try await server.call(.get, "/v1/sessions?nmae=x").failure?.code == "invalid_argument")
            #expect(try await server.call(.get, "/v1/sessions/ses-unknown").status == 404)
        }
    }

    @Test("a running exec keeps a session open, unless force is used")
    func force() async throws {
        try await ServerFixture.run { server in
            let session = try await server.openSession()
            _ = try await server.call(
                .post, "/v1/sessions/\(session.id)/execs", json: #"{"shell": "sleep 60", "mode": "background"}"#)
            let refused = try await server.call(.delete, "/v1/sessions/\(session.id)")
            #expect(refused.status == 409 && refused.failure?.code == "conflict")
            #expect(try await server.call(.delete, "/v1/sessions/\(session.id)?force=true").status == 204)
        }
    }
}
