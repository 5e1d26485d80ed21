import SandboxEngine

/// Every tool, always in the same order.
struct Toolbox: Sendable {
    private let tools: [Tool]

    init(policy: MCPPolicy) {
        tools = [
            .run, .execStart, .execList, .execOutput, .execWait, .execInput, .execSignal,
            .fileRead, .fileWrite, .fileEdit, .fileList, .fileGlob, .fileGrep,
            .sessionOpen(policy), .sessionList, .sessionClose, .workspaceDiff, .workspacePull, .workspacePush, .backendList,
            .imageList, .imageCheck, .imageBuild,
        ]
    }

    func tool(_ name: String, _ access: MCPAccess) -> Tool? { tools.first { $0.name == name && Self.allows(access, $0) } }

    /// All of them in one page.
    func listing(_ access: MCPAccess) -> JSON { .array(tools.filter { Self.allows(access, $0) }.map(\.listing)) }

    private static func allows(_ access: MCPAccess, _ tool: Tool) -> Bool {
        if access.onlySession != nil, tool.isForAllSessions { return false }
        return access.mayExecute || tool.hints.readOnly
    }
}
