import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxMCP

@Suite("MCP over HTTP", .timeLimit(.minutes(10)))
struct EndpointTests {
    private static func request(
        _ json: JSON?, method: String = "POST", headers: [String: String] = [:], holder: String = "me", access: MCPAccess = .full
    ) -> MCPHTTPRequest {
        var all = ["accept": "application/json, text/event-stream"]
        all.merge(headers) { $1 }
        let fields = all
        return MCPHTTPRequest(method: method, header: { fields[$0] }, body: json?.bytes ?? [], access: access, holder: holder)
    }

    private static func modern(_ json: JSON, _ headers: [String: String] = [:]) -> MCPHTTPRequest {
        var all = ["mcp-protocol-version": Modern.version, "mcp-method": json["method"]?.text ?? ""]
        if let name = json["params"]?["name"]?.text { all["mcp-name"] = name }
        return request(json, headers: all.merging(headers) { $1 })
    }

    private static func json(_ answer: MCPHTTPAnswer) throws -> JSON {
        guard case .whole(let bytes) = answer.body else { throw CancellationError() }
        return try JSONParser.parse(bytes)
    }

    private static func message(_ event: [UInt8]) throws -> (id: String?, json: JSON) {
        let lines = String(decoding: event, as: UTF8.self).split(separator: "\n")
        let data = try #require(lines.first { $0.hasPrefix("data: ") })
        return (lines.first { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }, try JSONParser.parse(Array(data.dropFirst(6).utf8)))
    }

    private static func response(_ answer: MCPHTTPAnswer) async throws -> JSON {
        guard case .events(let events) = answer.body else { return try json(answer) }
        while let event = await events.next() {
            let json = try message(event).json
            if json["id"] != nil { return json }
        }
        throw CancellationError()
    }

    private static func with(_ body: (MCPFixture, MCPEndpoint) async throws -> Void) async throws {
        try await MCPFixture.with { fixture in
            let endpoint = MCPEndpoint(server: fixture.server)
            do {
                try await body(fixture, endpoint)
            } catch {
                await endpoint.end()
                throw error
            }
            await endpoint.end()
        }
    }

    private static func handshake(_ endpoint: MCPEndpoint, _ revision: String = "2025-11-25", holder: String = "me") async throws -> String
    {
        let answer = await endpoint.answer(
            request(
                [
                    "jsonrpc": "2.0", "id": 0, "method": "initialize",
                    "params": ["protocolVersion": .string(revision), "capabilities": [:]],
                ],
                holder: holder))
        #expect(answer.status == 200)
        return try #require(answer.headers.first { $0.name == "Mcp-Session-Id" }?.value)
    }

    @Test("a client without a handshake is served request by request, without a session")
    func modern() async throws {
        try await Self.with { _, endpoint in
            let list = await endpoint.answer(Self.modern(Modern.request(1, "tools/list")))
            #expect(list.status == 200)
            #expect(list.headers.isEmpty)
            let listed = try Self.json(list)
            #expect(listed["result"]?["resultType"] == "complete")
            let run = await endpoint.answer(Self.modern(Modern.call(2, "run", ["command": "echo hi"])))
            #expect(run.headers.contains { $0.name == "X-Accel-Buffering" })
            #expect(try await Self.response(run)["result"]?.facts["stdout"]?["text"] == "hi\n")
            let whole = await endpoint.answer(Self.modern(Modern.call(3, "run", ["command": "echo hi"]), ["accept": "application/json"]))
            #expect(try Self.json(whole)["result"]?.facts["exit_code"] == 0)
        }
    }

    @Test(
        "header fields that are missing or say something else than the body are refused",
        arguments: [
            ["mcp-method": "tools/list"], ["mcp-name": "file_read"], ["mcp-method": ""], ["mcp-name": "=?base64?%%?="],
        ])
    func headers(_ wrong: [String: String]) async throws {
        try await Self.with { fixture, endpoint in
            let answer = await endpoint.answer(Self.modern(Modern.call(1, "run", ["command": "true"]), wrong))
            #expect(answer.status == 400)
            let told = try Self.json(answer)
            #expect(told["error"]?["code"] == -32020)
            #expect(try await fixture.engine.execs(in: nil).isEmpty)
        }
    }

    @Test("statuses are those of the protocol")
    func statuses() async throws {
        try await Self.with { _, endpoint in
            func status(_ request: MCPHTTPRequest) async -> Int { await endpoint.answer(request).status }
            #expect(await status(Self.modern(Modern.request(1, "no/such"))) == 404)
            #expect(await status(Self.modern(Modern.call(1, "no_such"))) == 400)
            #expect(await status(Self.request(["jsonrpc": "2.0", "id": 1, "method": "tools/list"])) == 400)
            #expect(await status(Self.request(["jsonrpc": "2.0", "id": 1])) == 400)
            #expect(await status(Self.request(nil)) == 400)
            #expect(await status(Self.request([[:]])) == 400)
            #expect(await status(Self.request(nil, method: "PUT")) == 405)
            #expect(await status(Self.request(nil, method: "GET")) == 405)
            #expect(await status(Self.request(nil, method: "DELETE")) == 400)
            #expect(await status(Self.request(["jsonrpc": "2.0", "method": "notifications/x"])) == 202)
            let unknown = await endpoint.answer(Self.modern(Modern.request(1, "tools/list"), ["mcp-protocol-version": "2099-01-01"]))
            #expect(unknown.status == 400)
            let told = try Self.json(unknown)
            #expect(told["error"]?["code"] == -32022)
        }
    }

    @Test("closing the stream cancels the request of a client without a handshake")
    func disconnect() async throws {
        try await Self.with { fixture, endpoint in
            let call = Modern.call(1, "run", ["command": "echo on; sleep 1000"], meta: [MetaKey.progressToken: 5])
            let answer = await endpoint.answer(Self.modern(call))
            guard case .events(let events) = answer.body else { throw CancellationError() }
            let told = try Self.message(try #require(await events.next()))
            #expect(told.json["params"]?["progressToken"] == 5)
            events.leave()
            let exec = try #require(try await fixture.engine.execs(in: nil).first)
            #expect(try await fixture.engine.wait(for: exec.id).ending?.outcome == .cancelled)
        }
    }

    @Test("commands go on when the server ends")
    func serverEnd() async throws {
        try await MCPFixture.with(MCPPolicy(reachesAllSessions: true)) { fixture in
            let endpoint = MCPEndpoint(server: fixture.server)
            let session = try await fixture.engine.open(SessionRequest(endsWithCreator: true)).id
            let arguments: JSON = ["command": "echo on; sleep 1000", "session": .string(session.rawValue)]
            let call = Modern.call(1, "run", arguments, meta: [MetaKey.progressToken: 5])
            guard case .events(let events) = await endpoint.answer(Self.modern(call)).body else { throw CancellationError() }
            _ = await events.next()
            let exec = try #require(try await fixture.engine.execs(in: nil).first)
            await endpoint.end()
            #expect(await events.next() == nil)
            let after = try await fixture.engine.exec(exec.id)
            #expect(after.state == .running)
            #expect(await endpoint.answer(Self.modern(call)).status == 503)
        }
    }

    @Test("a session belongs to its holder, is ended by its client, and is unknown afterwards")
    func sessions() async throws {
        try await Self.with { _, endpoint in
            let id = try await Self.handshake(endpoint)
            let ping: JSON = ["jsonrpc": "2.0", "id": 1, "method": "ping"]
            #expect(await endpoint.answer(Self.request(ping, headers: ["mcp-session-id": id])).status == 200)
            #expect(await endpoint.answer(Self.request(ping, headers: ["mcp-session-id": id], holder: "you")).status == 404)
            #expect(await endpoint.answer(Self.request(ping, headers: ["mcp-session-id": "guess"])).status == 404)
            let other = ["mcp-session-id": id, "mcp-protocol-version": "2025-06-18"]
            #expect(await endpoint.answer(Self.request(ping, headers: other)).status == 400)
            #expect(await endpoint.answer(Self.request(nil, method: "DELETE", headers: ["mcp-session-id": id])).status == 204)
            #expect(await endpoint.answer(Self.request(ping, headers: ["mcp-session-id": id])).status == 404)
        }
    }

    @Test("a stream that broke is taken up after the last event, and nothing is run again")
    func resumption() async throws {
        try await Self.with { fixture, endpoint in
            let headers = ["mcp-session-id": try await Self.handshake(endpoint)]
            let call: JSON = [
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": [
                    "name": "run", "arguments": ["command": "echo on; cat", "stdin": "off\n"],
                    "_meta": ["progressToken": "p"],
                ],
            ]
            guard case .events(let events) = await endpoint.answer(Self.request(call, headers: headers)).body else {
                throw CancellationError()
            }
            let first = try Self.message(try #require(await events.next()))
            events.leave()
            let last = try #require(first.id)
            var resumed = headers
            resumed["last-event-id"] = first.json["id"] == nil ? last : "1-0"
            let answer = await endpoint.answer(Self.request(nil, method: "GET", headers: resumed))
            #expect(answer.status == 200)
            #expect(try await Self.response(answer)["result"]?.facts["stdout"]?["text"] == "on\noff\n")
            #expect(try await fixture.engine.execs(in: nil).count == 1)
            for wrong in ["9-1", "x", "1", "-1--1", "99999999999999999999-1"] {
                resumed["last-event-id"] = wrong
                #expect(await endpoint.answer(Self.request(nil, method: "GET", headers: resumed)).status == 404, "\(wrong)")
            }
        }
    }

    @Test("a notification cancels a request of a session")
    func cancellation() async throws {
        try await Self.with { fixture, endpoint in
            let headers = ["mcp-session-id": try await Self.handshake(endpoint)]
            let call: JSON = [
                "jsonrpc": "2.0", "id": "a", "method": "tools/call",
                "params": ["name": "run", "arguments": ["command": "echo on; sleep 1000"], "_meta": ["progressToken": "p"]],
            ]
            guard case .events(let events) = await endpoint.answer(Self.request(call, headers: headers)).body else {
                throw CancellationError()
            }
            _ = await events.next()
            let cancel: JSON = ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": "a"]]
            #expect(await endpoint.answer(Self.request(cancel, headers: headers)).status == 202)
            while await events.next() != nil {}
            let exec = try #require(try await fixture.engine.execs(in: nil).first)
            #expect(try await fixture.engine.wait(for: exec.id).ending?.outcome == .cancelled)
        }
    }

    @Test("sessions without end push out the longest idle one")
    func manySessions() async throws {
        try await Self.with { _, endpoint in
            let first = try await Self.handshake(endpoint)
            for _ in 0..<HandshakeSessions.limit { _ = try await Self.handshake(endpoint) }
            let ping: JSON = ["jsonrpc": "2.0", "id": 1, "method": "ping"]
            #expect(await endpoint.answer(Self.request(ping, headers: ["mcp-session-id": first])).status == 404)
        }
    }

    @Test("a log keeps the newest notifications and always the response")
    func log() async throws {
        let log = EventLog()
        for number in 0..<1000 { log.add(.integer(Int64(number))) }
        log.add("response", last: true)
        log.add("never")
        let reader = log.attach()
        var position = 0
        var seen: [JSON] = []
        while let event = await log.next(after: position, reader: reader) {
            position = event.number
            seen.append(try JSONParser.parse(event.bytes))
        }
        #expect(seen.count < 200)
        #expect(seen.last == "response")
        #expect(await log.next(after: 0, reader: reader - 1) == nil)
    }
}
