import SandboxCore
import SandboxEngine
import SandboxTesting
import Testing

@testable import SandboxMCP

@Suite("What tools change", .timeLimit(.minutes(10)))
struct ToolAuditTests {
    @Test("the feed names whose token changed something, and notes nothing of what only looks")
    func noted() async throws {
        try await MCPFixture.with { server in
            let access = MCPAccess(mayExecute: true, holder: "tok-somebody")
            _ = try await server.call("file_write", ["path": "note", "content": "kept"], access: access)
            _ = try await server.call("file_read", ["path": "note"], access: access)
            var changes: [[String: String]] = []
            for try await event in server.engine.events() where event.kind == .changeAsked { changes.append(event.payload) }
            #expect(changes == [["operation": "mcp.file_write", "token": "tok-somebody"]])
        }
    }
}

@Suite("Tools for images", .timeLimit(.minutes(10)))
struct ImageToolTests {
    @Test("an image is checked, built, listed and opened")
    func life() async throws {
        let backend = InMemoryImageBackend()
        try await MCPFixture.with(backends: [backend]) { server in
            let checked = try await server.call("image_check", ["packages": ["jq"]])
            #expect(checked["isError"] == false, "\(checked)")
            let built = try await server.call("image_build", ["packages": ["jq", "core"]])
            let reference = try #require(built["structuredContent"]?["image"]?["reference"]?.text, "\(built)")
            #expect(built["structuredContent"]?["built"] == true)
            #expect(try await server.call("image_build", ["packages": ["core", "jq"]])["structuredContent"]?["built"] == false)
            let listed = try await server.call("image_list")
            #expect(listed["structuredContent"]?["images"]?.elements?.first?["reference"]?.text == reference)
            #expect(try await server.call("session_open", ["image": .string(reference)])["isError"] == false)
            #expect(try await server.call("image_build", ["packages": []])["isError"] == true)
        }
    }

    @Test("a token for one session sees no images")
    func bound() async throws {
        try await MCPFixture.with(backends: [InMemoryImageBackend()]) { server in
            let access = MCPAccess(mayExecute: true, onlySession: .random())
            for tool in ["image_list", "image_build", "image_check"] {
                await #expect(throws: (any Error).self) { _ = try await server.call(tool, ["packages": ["jq"]], access: access) }
            }
        }
    }
}
