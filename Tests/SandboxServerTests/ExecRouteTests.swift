import HTTPTypes
import SandboxAPI
import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxServer

@Suite("Execs over HTTP", .timeLimit(.minutes(10)))
struct ExecRouteTests {
    @Test("waiting answers with both streams and the outcome")
    func waiting() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/execs"
            let answer = try await server.call(
                .post, base, json: #"{"shell": "cat; echo err >&2; exit 3", "stdin": {"text": "hello"}}"#)
            #expect(answer.status == 200, "\(answer.text)")
            let result: ExecResultBody = try answer.decoded()
            #expect(result.stdout.bytes == Array("hello".utf8) && result.stderr.bytes == Array("err\n".utf8))
            #expect(try result.exec.ending?.outcome.outcome() == .exited(code: 3))
        }
    }

    @Test("a stream begins with the start, carries output with offsets, and ends with the end")
    func streaming() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/execs"
            let answer = try await server.call(.post, base, json: #"{"shell": "echo one; echo two", "mode": "stream"}"#)
            let events = try answer.events()
            guard case .started(let id, _)? = events.first, case .ended(let ending)? = events.last else {
                Issue.record("\(answer.text)")
                return
            }
            #expect(try ending.outcome.outcome() == .exited(code: 0))
            let again = try await server.call(.get, "\(base)/\(id)/events?stdout=4").events()
            #expect(again.first == .output(OutputChunk(channel: .standardOutput, offset: 4, bytes: Array("two\n".utf8))))
            let sse = try await server.call(
                .get, "\(base)/\(id)/events", headers: [.accept: "text/event-stream", .lastEventID: "4-0"])
            #expect(sse.text.hasPrefix("event: output\nid: 8-0\ndata: {"), "\(sse.text)")
            #expect(try await server.call(.get, "\(base)/\(id)/output/stdout?offset=1&limit=2").text == "ne")
        }
    }

    @Test("the same idempotency key runs a command once, and another command under it is refused")
    func once() async throws {
        try await ServerFixture.run { server in
            let session = try await server.openSession()
            let base = "/v1/sessions/\(session.id)/execs"
            let headers: HTTPFields = [.idempotencyKey: "key-1"]
            var ids: Set<ExecID> = []
            for _ in 0..<3 {
                let result: ExecResultBody = try await server.call(
                    .post, base, headers: headers, json: #"{"shell": "echo run >>runs; echo done"}"#
                ).decoded()
                ids.insert(result.exec.id)
                #expect(result.stdout.bytes == Array("done\n".utf8))
            }
            #expect(ids.count == 1)
            let count: ExecResultBody = try await server.call(.post, base, json: #"{"shell": "cat runs"}"#).decoded()
            #expect(count.stdout.bytes == Array("run\n".utf8))
            #expect(try await server.call(.post, base, headers: headers, json: #"{"shell": "echo other"}"#).status == 409)
        }
    }

    @Test("a command that is not there is a typed failure, also when it is asked for twice")
    func startFailure() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/execs"
            for _ in 0..<2 {
                let answer = try await server.call(
                    .post, base, headers: [.idempotencyKey: "missing"], json: #"{"arguments": ["sandlot-no-such-program"]}"#)
                #expect(answer.status == 400 && answer.failure?.start?.exitStatus == 127, "\(answer.text)")
                #expect(answer.failure?.asError is ExecStartFailure)
            }
        }
    }

    @Test("input, signals, cancelling, waiting and forgetting reach a command in the background")
    func control() async throws {
        try await ServerFixture.run { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/execs"
            let talk: ExecBody = try await server.call(
                .post, base, json: #"{"shell": "read x; echo got $x", "input": true, "mode": "background"}"#
            ).decoded()
            #expect(try await server.call(.delete, "\(base)/\(talk.id)").status == 409)
            #expect(try await server.call(.post, "\(base)/\(talk.id)/stdin?close=true", json: "word\n").status == 204)
            let over: ExecBody = try await server.call(.get, "\(base)/\(talk.id)/wait").decoded()
            #expect(over.state == .ended && over.available.stdout == 9)
            #expect(try await server.call(.get, "\(base)/\(talk.id)/output/stdout").text == "got word\n")
            #expect(try await server.call(.delete, "\(base)/\(talk.id)").status == 204)
            #expect(try await server.call(.get, "\(base)/\(talk.id)").status == 404)
            let again = try await server.call(.post, base, json: #"{"id": "\#(talk.id)", "shell": "true"}"#)
            #expect(again.status == 409 && again.failure?.code == "already_exists")

            let sleeper: ExecBody = try await server.call(.post, base, json: #"{"shell": "sleep 60", "mode": "background"}"#).decoded()
            let early: ExecBody = try await server.call(.get, "\(base)/\(sleeper.id)/wait?timeoutMs=1").decoded()
            #expect(early.state == .running)
            #expect(try await server.call(.post, "\(base)/\(sleeper.id)/resize", json: #"{"columns":80,"rows":24}"#).status == 422)
            #expect(try await server.call(.post, "\(base)/\(sleeper.id)/cancel").status == 204)
            let ended: ExecBody = try await server.call(.get, "\(base)/\(sleeper.id)/wait").decoded()
            #expect(try ended.ending?.outcome.outcome() == .cancelled)
        }
    }

    @Test("one token runs so many commands at once and no more")
    func quota() async throws {
        try await ServerFixture.run {
            $0.execsPerToken = 2
        } _: { server in
            let base = "/v1/sessions/\(try await server.openSession().id)/execs"
            let json = #"{"shell": "sleep 60", "mode": "background"}"#
            let first: ExecBody = try await server.call(.post, base, json: json).decoded()
            #expect(try await server.call(.post, base, json: json).status == 201)
            let refused = try await server.call(.post, base, json: json)
            #expect(refused.status == 429 && refused.headers[.retryAfter] != nil)
            #expect(try await server.call(.post, base, token: "exec", json: json).status == 201)
            _ = try await server.call(.post, "\(base)/\(first.id)/cancel")
            _ = try await server.call(.get, "\(base)/\(first.id)/wait")
            #expect(try await server.call(.post, base, json: json).status == 201)
        }
    }
}
