import Logging
import SandboxClient
import SandboxCore
import SandboxHTTP
import SystemPackage

/// A server that commands work on in place of this machine: named before the command, or by the environment.
struct ServerChoice: Sendable, Equatable {
    static let option = "--server"
    static let variable = "SANDLOT_SERVER"
    static let token = "SANDLOT_TOKEN"
    static let tokenFile = "SANDLOT_TOKEN_FILE"
    static let authority = "SANDLOT_SERVER_CA"

    let address: String

    /// Takes the option out of the arguments. Nil where no server is named.
    static func take(from arguments: inout [String], environment: [String: String]) throws -> ServerChoice? {
        var given: String?
        while let first = arguments.first, first == option || first.hasPrefix(option + "=") {
            if first == option {
                guard arguments.count > 1 else { throw missing }
                given = arguments[1]
                arguments.removeFirst(2)
            } else {
                given = String(first.dropFirst(option.count + 1))
                arguments.removeFirst()
            }
        }
        if given?.isEmpty == true { throw missing }
        if let given { return ServerChoice(address: given) }
        // What the environment says for all commands is not about those that look after this machine.
        guard let address = environment[variable], !address.isEmpty, let verb = arguments.first, !ofThisMachine.contains(verb) else {
            return nil
        }
        return ServerChoice(address: address)
    }

    private static let ofThisMachine: Set = [
        "serve", "doctor", "config", "secret", "token", "version", "help", "--help", "-h", "--version",
    ]

    /// Why arguments were not understood, if it is that the option stands behind the command.
    static func misplaced(_ arguments: [String]) -> SandboxError? {
        let own = arguments.prefix { $0 != "--" }
        guard own.contains(where: { $0 == option || $0.hasPrefix(option + "=") }) else { return nil }
        return SandboxError(.invalidArgument, "--server stands behind the command", remedy: "write `sandlot --server URL COMMAND …`")
    }

    /// Refuses what only this machine can do.
    func check(_ command: any SandlotCommand) throws {
        guard !(command is any ServedCommand) else { return }
        throw SandboxError(
            .unsupported, "this command works on this machine only, not at \(address)",
            remedy:
                "leave --server out and unset \(Self.variable), or use what works there: run, session open, list, show, exec, shell, cp, push, "
                + "pull, diff, conflicts and rm"
        )
    }

    private static var missing: SandboxError {
        SandboxError(.invalidArgument, "--server has no address", remedy: "write --server http://127.0.0.1:7263")
    }

    /// A client with the token that the environment names.
    func client(_ context: CommandContext) throws -> SandlotClient {
        let security = context.environment[Self.authority].map { TransportSecurity(authority: FilePath($0)) }
        let endpoint = try HTTPEndpoint(parsing: address, security: security, defaultPort: 7263)
        return try SandlotClient(
            endpoint, token: try source(context.environment), logger: Logger(label: "sandlot") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Never this machine's own token: who listens at the address is not known.
    private func source(_ environment: [String: String]) throws -> AccessTokenSource {
        if environment[Self.token] != nil { return .variable(Self.token) }
        if let file = environment[Self.tokenFile] { return .file(FilePath(file)) }
        throw SandboxError(
            .denied, "there is no access token for \(address)",
            remedy: "set \(Self.tokenFile) to a file that holds one (`sandlot token create` makes one there), or \(Self.token)")
    }
}

/// A command that works on a server too.
protocol ServedCommand: SandlotCommand {}
