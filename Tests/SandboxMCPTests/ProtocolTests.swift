import SandboxCore
import SandboxEngine
import Testing

@testable import SandboxMCP

@Suite("MCP on a stream", .timeLimit(.minutes(10)))
struct ProtocolTests {
    @Test(
        "a handshake settles the client's revision, or the newest for one that is not known",
        arguments: [
            ("2024-11-05", "2024-11-05"), ("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("1999-01-01", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
        ])
    func handshake(_ asked: String, _ settled: String) async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                let answer = try await client.handshake(asked)
                #expect(answer["result"]?["protocolVersion"] == .string(settled))
                #expect(answer["result"]?["capabilities"]?["tools"] != nil)
                let tools = try await client.ask(["jsonrpc": "2.0", "id": 1, "method": "tools/list"])
                #expect(tools["result"]?["resultType"] == nil)
                #expect((tools["result"]?["tools"]?.elements?.count ?? 0) > 10)
                #expect(try await client.ask(["jsonrpc": "2.0", "id": 2, "method": "ping"])["result"] == [:])
            }
        }
    }

    @Test("a client without a handshake is served by what each request says")
    func modern() async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                let found = try await client.ask(Modern.request(1, "server/discover"))["result"]
                #expect(found?["supportedVersions"]?.elements?.first == .string(Modern.version))
                #expect(found?["resultType"] == "complete")
                #expect(found?["ttlMs"]?.whole != nil)
                let tools = try await client.ask(Modern.request(2, "tools/list"))["result"]
                #expect(tools?["_meta"]?[MetaKey.serverInfo]?["name"] == "sandlot")
                #expect(tools?["cacheScope"] == "private")
                #expect(try await client.ask(Modern.request(3, "ping"))["error"]?["code"] == -32601)
            }
        }
    }

    @Test("an unknown revision is told the known ones; a request without any is malformed")
    func revisions() async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                let meta: JSON = ["_meta": [MetaKey.protocolVersion: "2099-01-01", MetaKey.clientCapabilities: [:]]]
                let answer = try await client.ask(["jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": meta])
                #expect(answer["error"]?["code"] == -32022)
                #expect(answer["error"]?["data"]?["supported"]?.elements?.contains("2026-07-28") == true)
                let bare = try await client.ask(["jsonrpc": "2.0", "id": 2, "method": "tools/list"])
                #expect(bare["error"]?["code"] == -32602)
                let half: JSON = ["_meta": [MetaKey.protocolVersion: "2026-07-28"]]
                let lacking = try await client.ask(["jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": half])
                #expect(lacking["error"]?["code"] == -32602)
            }
        }
    }

    @Test(
        "a hostile client gets errors and the next request is served",
        arguments: [
            "no json\n", "[]\n", "[[]]\n", "42\n", "{}\n", "null\n", "{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"ping\"}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}\n", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}\n", "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":7}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"params\":[1]}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"no/such\"}\n",
            String(repeating: "[", count: 5000) + "\n", "\u{0}\u{1}\n",
        ])
    func hostile(_ line: String) async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                _ = try await client.handshake("2025-11-25")
                client.send(raw: line)
                _ = try await client.message { $0["error"]?["code"]?.whole != nil }
                #expect(try await client.ask(["jsonrpc": "2.0", "id": 99, "method": "ping"])["result"] == [:])
            }
        }
    }

    @Test("a line of twenty megabytes, answers to nothing and unknown notifications do no harm")
    func floods() async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                for _ in 0..<20 { client.send(raw: [UInt8](repeating: 0x61, count: 1 << 20)) }
                client.send(raw: "\n{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n")
                client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 12345]])
                client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": [:]]])
                client.send(["jsonrpc": "2.0", "method": "notifications/unheard-of"])
                let answer = try await client.ask(Modern.request(1, "tools/list"))
                #expect(answer["result"] != nil)
                #expect(client.messages.count { $0["error"]?["code"] == -32600 } == 1)
                #expect(client.messages.count == 2)
            }
        }
    }

    @Test("batches belong to the revisions that have them, and have a bound")
    func batches() async throws {
        try await MCPFixture.with { fixture in
            let ping: JSON = ["jsonrpc": "2.0", "id": 7, "method": "ping"]
            try await StreamClient.with(fixture.server) { client in
                _ = try await client.handshake("2025-03-26")
                client.send([ping, ["jsonrpc": "2.0", "method": "notifications/x"], ["jsonrpc": "2.0", "id": 8, "method": "no"]])
                let both = try await client.message { $0.elements != nil }.elements
                #expect(both?.count == 2)
                #expect(both?.last?["error"]?["code"] == -32601)
                client.send(.array(Array(repeating: ping, count: 1000)))
                #expect(try await client.message { $0["error"] != nil }["error"]?["code"] == -32600)
            }
            try await StreamClient.with(fixture.server) { client in
                _ = try await client.handshake("2025-06-18")
                client.send([ping])
                #expect(try await client.message { $0["error"] != nil }["error"]?["code"] == -32600)
            }
        }
    }

    @Test("an id that is being served is not served twice, and more than 64 requests at once are refused")
    func bounds() async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                for id in 0..<64 { client.send(Modern.request(Int64(id), "subscriptions/listen", ["notifications": [:]])) }
                client.send(Modern.request(63, "tools/list"))
                #expect(try await client.answer(63)["error"]?["code"] == -32600)
                #expect(try await client.ask(Modern.request(100, "tools/list"))["error"]?["code"] == -32603)
                for id in 0..<64 {
                    client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": .integer(Int64(id))]])
                }
                var served = false
                for id in 200..<400 where !served {
                    served = try await client.ask(Modern.request(Int64(id), "tools/list"))["result"] != nil
                }
                #expect(served)
                let acknowledged = client.messages.filter { $0["method"] == "notifications/subscriptions/acknowledged" }
                #expect(acknowledged.count == 64)
            }
        }
    }

    @Test("when the input ends, a call that goes on is broken off after a moment and its command killed")
    func inputEnd() async throws {
        try await MCPFixture.with { fixture in
            let stream = MCPStream(server: fixture.server, access: .full) { _ in }
            var lines = [Modern.call(1, "run", ["command": "sleep 1000"]).bytes + [0x0A]]
            try await stream.run(grace: .milliseconds(500)) { lines.isEmpty ? nil : lines.removeFirst() }
            for exec in try await fixture.engine.execs(in: nil) {
                #expect(try await fixture.engine.wait(for: exec.id).ending?.outcome == .cancelled)
            }
        }
    }

    @Test("a cancelled call is not answered, and its command is killed")
    func cancellation() async throws {
        try await MCPFixture.with { fixture in
            try await StreamClient.with(fixture.server) { client in
                client.send(Modern.call(1, "run", ["command": "echo on; sleep 1000"], meta: [MetaKey.progressToken: "t"]))
                let told = try await client.message { $0["method"] == "notifications/progress" }
                #expect(told["params"]?["progressToken"] == "t")
                #expect(told["params"]?["message"] == "on\n")
                client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 1]])
                let exec = try #require(try await fixture.engine.execs(in: nil).first)
                let ended = try await fixture.engine.wait(for: exec.id)
                #expect(ended.ending?.outcome == .cancelled)
                _ = try await client.ask(Modern.request(2, "tools/list"))
                #expect(!client.messages.contains { $0["id"] == 1 })
            }
        }
    }
}
