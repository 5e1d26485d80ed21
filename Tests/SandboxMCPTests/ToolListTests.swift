import SandboxCore
import SandboxEngine
import SystemPackage
import Testing

@testable import SandboxMCP

@Suite("The list of tools")
struct ToolListTests {
    private let tools = Toolbox(policy: MCPPolicy(workspaces: ["/srv/project"])).listing(.full).elements ?? []

    @Test("it stays under 8,000 tokens, counted as four bytes each")
    func size() { #expect(JSON.array(tools).bytes.count / 4 < 8000) }

    @Test("every tool and every argument is described, and every schema is closed")
    func descriptions() throws {
        for tool in tools {
            let name = try #require(tool["name"]?.text)
            #expect(name.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect((tool["description"]?.text?.count ?? 0) > 20, "\(name)")
            let schema = try #require(tool["inputSchema"])
            #expect(schema["type"] == "object")
            #expect(schema["additionalProperties"] == false)
            for property in schema["properties"]?.members?.list ?? [] {
                #expect(property.value["description"]?.text?.isEmpty == false, "\(name).\(property.name)")
                #expect(property.value["type"]?.text != nil, "\(name).\(property.name)")
            }
            for word in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                #expect(tool["annotations"]?[word]?.truth != nil, "\(name)")
            }
        }
    }

    @Test("the order never changes")
    func order() { #expect(Toolbox(policy: MCPPolicy(workspaces: ["/srv/project"])).listing(.full) == .array(tools)) }

    @Test("who may only look is offered only what looks")
    func readOnly() {
        let offered = Toolbox(policy: MCPPolicy()).listing(MCPAccess(mayExecute: false)).elements ?? []
        #expect(!offered.isEmpty)
        #expect(offered.allSatisfy { $0["annotations"]?["readOnlyHint"] == true })
        let names = offered.compactMap { $0["name"]?.text }
        #expect(!names.contains("run") && !names.contains("file_write") && names.contains("file_read"))
    }

    @Test("without the operator's word no directory of the host can be named")
    func workspaces() {
        let open = Toolbox(policy: MCPPolicy()).listing(.full).elements?.first { $0["name"] == "session_open" }
        #expect(open?["inputSchema"]?["properties"]?["workspace"] == nil)
    }
}
