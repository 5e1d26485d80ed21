import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxServer

@Suite("Events over HTTP", .timeLimit(.minutes(10)))
struct EventRouteTests {
    private func events(_ answer: ServerFixture.Answer) throws -> [EventBody] {
        try answer.bytes.split(separator: 0x0A).map { try APICoding.decode(EventBody.self, from: Array($0)) }
    }

    @Test("the feed is replayed from a sequence, filtered by session, in both formats")
    func replay() async throws {
        try await ServerFixture.run { server in
            let first = try await server.openSession()
            let second = try await server.openSession()
            let all = try events(await server.call(.get, "/v1/events?follow=false"))
            #expect(all.map(\.sequence) == all.map(\.sequence).sorted())
            #expect(all.contains { $0.type == "session.opened" && $0.session == second.id })
            let one = try events(await server.call(.get, "/v1/events?follow=false&session=\(first.id)"))
            #expect(!one.isEmpty && one.allSatisfy { $0.session == first.id })
            let middle = try #require(all.dropFirst().first).sequence
            let rest = try events(
                await server.call(.get, "/v1/events?follow=false", headers: [.lastEventID: "\(middle)"]))
            #expect(rest.allSatisfy { $0.sequence > middle } && rest.count >= all.count - 2)
            #expect(try events(await server.call(.get, "/v1/events?follow=false&tail=1")).map(\.sequence) == all.suffix(1).map(\.sequence))
            #expect(try await server.call(.get, "/v1/events?follow=false&tail=0").bytes.isEmpty)
            let tail = try events(await server.call(.get, "/v1/events?follow=false&tail=2&session=\(first.id)"))
            #expect(tail == one.suffix(2))
            let sse = try await server.call(.get, "/v1/events?follow=false", headers: [.accept: "text/event-stream"])
            #expect(sse.headers[.contentType] == "text/event-stream" && sse.text.contains("event: session.opened\nid: "))
        }
    }

    @Test("backends, readiness, usage and metrics tell what is there")
    func system() async throws {
        try await ServerFixture.run { server in
            let session = try await server.openSession()
            let backends: BackendListBody = try await server.call(.get, "/v1/backends").decoded()
            let backend = try #require(backends.backends.first)
            #expect(backend.available && session.backend == backend.id)
            let probed: BackendBody = try await server.call(.post, "/v1/backends/\(backend.id)/probe").decoded()
            #expect(probed.id == backend.id)
            #expect(try await server.call(.get, "/v1/backends/nowhere").status == 404)
            let ready: ReadinessBody = try await server.call(.get, "/v1/ready", token: nil).decoded()
            #expect(ready.ready)
            let usage: UsageBody = try await server.call(.get, "/v1/usage").decoded()
            #expect(usage.sessions["ready"] == 1 && usage.dataBytes > 0)
            let metrics = try await server.call(.get, "/v1/metrics").text
            #expect(metrics.contains("sandlot_requests_seconds_count{method=\"POST\",route=\"/v1/sessions\",status=\"201\"} 1"))
            #expect(metrics.contains("sandlot_sessions{state=\"ready\"} 1"))
        }
    }
}
