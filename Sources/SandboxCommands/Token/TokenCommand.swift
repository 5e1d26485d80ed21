import ArgumentParser

/// `sandlot token`.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Access tokens for the server: create, list, revoke.",
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self])
}
