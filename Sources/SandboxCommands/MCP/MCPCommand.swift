import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxMCP
import SandboxSettings
import Sandlot
import SystemPackage

/// `sandlot mcp`.
struct MCPCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Serve an AI client by the Model Context Protocol on standard input and output.",
        discussion: """
            The client starts this command and calls its tools: run commands, edit files, open sessions. Calls that name no session share
            one that is made like the options say and ends with the client; --session names one that stays.

            EXAMPLES
              sandlot mcp                                   a fresh sandbox for whatever the client does
              sandlot mcp --workspace .                     this directory is what it works on
              sandlot mcp --session work                    the session that `sandlot session open --name work` made
              claude mcp add sandbox -- sandlot mcp --workspace "$PWD"
            """)

    @Option(name: .long, help: ArgumentHelp("Use this session, by id or name, instead of a fresh one.", valueName: "session"))
    var session: String?
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "A directory that the client may have mounted in sessions that it opens; may be repeated.", valueName: "directory"),
        completion: .directory)
    var allowWorkspace: [String] = []
    @Flag(name: .long, help: "Let the client open sessions that reach the network.") var allowNetwork = false
    @Flag(name: .long, help: "Let the client use every session, not only those that it opened.") var allSessions = false
    @Flag(name: .long, help: "Offer only tools that change nothing.") var readOnly = false
    @OptionGroup(title: "Sandbox") var sandbox: SandboxOptions
    @OptionGroup(title: "Sandlot") var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let policy = try policy(in: context, runtime)
            let server = MCPServer(engine: runtime.engine, policy: policy, version: Version.text, logger: runtime.logger)
            let input = try InputStream(context.input)
            let stream = MCPStream(server: server, access: MCPAccess(mayExecute: !readOnly)) { try await context.output.write($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Leases run out while the client thinks.
                group.addTask { try await runtime.engine.run() }
                defer { group.cancelAll() }
                try await stream.run { try await input.next() }
            }
            await server.close()
            return 0
        }
    }

    private func policy(in context: CommandContext, _ runtime: SandlotRuntime) throws -> MCPPolicy {
        var request = try sandbox.request(currentDirectory: context.currentDirectory, limits: runtime.general.limits)
        let usesOptions = request != SessionRequest()
        // It ends with the client, however long that thinks in between.
        request.endsWithCreator = true
        request.idleTimeToLive = try Lifetime.option("0")
        if session != nil, usesOptions {
            throw SandboxError(
                .invalidArgument, "--session names a sandbox that exists: options for a new one make no sense beside it",
                remedy: "leave one of them out")
        }
        return MCPPolicy(
            defaultSession: session.map { .existing($0) } ?? .open(request),
            workspaces: allowWorkspace.map { VolumeArgument.absolute($0, context.currentDirectory) },
            mayOpenNetwork: allowNetwork || request.network == .open, reachesAllSessions: allSessions, limits: runtime.general.limits)
    }
}
