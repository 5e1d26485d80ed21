import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxSettings
import Sandlot

/// `sandlot token create`.
struct TokenCreate: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an access token and print it, once.",
        discussion: """
            EXAMPLES
              sandlot token create laptop --scope admin
              sandlot token create dashboard --scope read --expires 30d
              sandlot token create inside --scope exec --session work
            """)
    @Argument(help: "What it is for.") var name: String
    @Option(name: .long, help: ArgumentHelp("What it allows: read, exec (with read) or admin (everything).", valueName: "scope"))
    var scope = "exec"
    @Option(name: .long, help: "The only session that it opens, by id or name.") var session: String?
    @Option(name: .long, help: ArgumentHelp("How long it is valid: 30d, 12h; without it until it is revoked.", valueName: "duration"))
    var expires: String?
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        let scope = try Word.read(scope, "scope", as: AccessScope.self)
        let life = try expires.map { try DurationText.parse($0) }
        return try await context.withRuntime(settings) { runtime in
            let bound = if let session { try await runtime.engine.session(session).id } else { SessionID?.none }
            let issued = try await runtime.engine.createAccessToken(
                AccessTokenRequest(name: name, scopes: [scope], session: bound, life: life))
            if output.json {
                try await context.print(TokenReport.json(issued.token, with: [("secret", .string(issued.credential.reveal()))]))
            } else {
                try await context.print(issued.credential.reveal() + "\n")
                await context.note("this is shown once; `sandlot token revoke \(issued.token.id)` ends it")
            }
            return 0
        }
    }
}
