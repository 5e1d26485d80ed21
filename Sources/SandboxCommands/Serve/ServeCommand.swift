import ArgumentParser
import CompatServers
import Logging
import SandboxCore
import SandboxEngine
import SandboxMCP
import SandboxServer
import SandboxSettings
import Sandlot
import SystemPackage

/// `sandlot serve`.
struct ServeCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the HTTP API, and MCP clients at /mcp.",
        discussion: """
            Without options only this machine can reach it. A token that may do everything lies in the file that is printed at the start;
            `sandlot token create` makes others. Sessions and running commands outlive the server.
            """)
    @Option(name: .long, help: ArgumentHelp("Where to listen.", valueName: "address")) var host = "127.0.0.1"
    @Option(name: .long, help: ArgumentHelp("Where to listen; 0 lets the system choose.", valueName: "number")) var port = 7263
    @Option(name: .long, help: ArgumentHelp("A name by which clients call this server; may be repeated.", valueName: "name"))
    var hostName: [String] = []
    @Flag(name: .long, help: "Listen for other machines without TLS: tokens and output cross the network in the clear.")
    var insecure = false
    @Option(name: .customLong("tls-certificate"), help: ArgumentHelp("Certificate chain, PEM.", valueName: "file"))
    var certificate: String?
    @Option(name: .customLong("tls-key"), help: ArgumentHelp("Its private key, PEM.", valueName: "file")) var key: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Also serve the SDKs of these services: daytona, e2b, vercel. Separate several by commas.", valueName: "services"))
    var compat: String?
    @Flag(name: .long, help: "Print a link that signs a browser in, once, within a minute, and open it where there is a desktop.")
    var open = false
    @Option(
        name: .customLong("compat-image"),
        help: ArgumentHelp(
            "Which image a name of those services means here, as in 'node=node:24-slim'; may be repeated.", valueName: "name=image"))
    var compatImages: [String] = []
    @Option(
        name: .customLong("compat-backend"), help: ArgumentHelp("The backend of their sandboxes; else it is routed.", valueName: "backend"))
    var compatBackend: String?
    @Option(
        name: .customLong("compat-sandboxes"),
        help: ArgumentHelp("How many sandboxes of each service may live at once.", valueName: "number"))
    var compatSandboxes: Int?
    @OptionGroup var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let options = try options(in: context)
        DescriptorLimit.raise()
        let compatible = try (compat ?? "").split(separator: ",").map { try Word.read(String($0), "service", as: CompatService.self) }
        let choices = try compatChoices()
        return try await context.withRuntime(settings) { runtime in
            let page = try PageFiles.locate(variable: context.environment["SANDLOT_WEB"])
            let token = try await runtime.engine.firstAccessToken()
            let mcp = MCPEndpoint(server: Self.mcp(runtime))
            let server = SandlotServer(
                engine: runtime.engine, options: options, access: EngineAccess(runtime.engine),
                settings: ServedSettings(options: try settings.sandlotOptions(environment: context.environment), engine: runtime.engine),
                secrets: ServedSecrets(options: try settings.sandlotOptions(environment: context.environment)),
                examination: ServedExamination(options: settings, context: context),
                contributors: [MCPRoutes(endpoint: mcp, keepalive: options.keepalive), PageRoutes(files: page)]
                    + compatible.map { $0.contributor(runtime.engine, choices: choices, logger: runtime.logger) },
                logger: runtime.logger,
                onListening: { port in
                    await Self.tell(options, port, token, context)
                    if open { await PageLink(options: options, port: port, engine: runtime.engine, context: context).offer() }
                })
            do {
                try await ServerLife(engine: runtime.engine, server: server, logger: runtime.logger).run()
            } catch {
                await mcp.end()
                throw error
            }
            await mcp.end()
            return 0
        }
    }

    /// Tokens say who may do what; a client names its session with every call.
    private static func mcp(_ runtime: SandlotRuntime) -> MCPServer {
        let policy = MCPPolicy(reachesAllSessions: true, limits: runtime.general.limits)
        return MCPServer(engine: runtime.engine, policy: policy, version: Version.text, logger: runtime.logger)
    }

    /// What the compatible servers' names mean.
    private func compatChoices() throws -> CompatChoices {
        if compat == nil, !compatImages.isEmpty || compatBackend != nil || compatSandboxes != nil {
            throw SandboxError(
                .invalidArgument, "--compat-image, --compat-backend and --compat-sandboxes say how --compat serves",
                remedy: "give --compat, too")
        }
        var choices = CompatChoices(backend: try compatBackend.map { try BackendID(validating: $0) })
        if let compatSandboxes {
            guard compatSandboxes > 0 else {
                throw SandboxError(.invalidArgument, "--compat-sandboxes is \(compatSandboxes)", remedy: "use 1 or more")
            }
            choices.mostSandboxes = compatSandboxes
        }
        for text in compatImages {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw SandboxError(.invalidArgument, "'\(text)' is not NAME=IMAGE", remedy: "write '--compat-image NAME=IMAGE'")
            }
            choices.images[parts[0]] = parts[1]
        }
        return choices
    }

    private func options(in context: CommandContext) throws -> ServerOptions {
        guard (0...65_535).contains(port) else {
            throw SandboxError(.invalidArgument, "\(port) is not a port", remedy: "use 1 to 65535, or 0 for any")
        }
        var options = ServerOptions(host: host, port: port, version: Version.text, hostNames: Set(hostName))
        switch (certificate, key) {
        case (let certificate?, let key?):
            options.tls = ServerOptions.TLS(
                certificate: context.currentDirectory.pushing(FilePath(certificate)), key: context.currentDirectory.pushing(FilePath(key)))
        case (nil, nil): break
        default: throw SandboxError(.invalidArgument, "TLS needs a certificate and its key", remedy: "give --tls-certificate and --tls-key")
        }
        options.allowsClearText = insecure
        return options
    }

    private static func tell(_ options: ServerOptions, _ port: Int, _ token: FilePath?, _ context: CommandContext) async {
        try? await context.print(address(options, host: options.host, port) + "\n")
        if let token { await context.note("a token that may do everything is in \(token)") }
    }

    static func address(_ options: ServerOptions, host: String, _ port: Int) -> String {
        "\(options.tls == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
