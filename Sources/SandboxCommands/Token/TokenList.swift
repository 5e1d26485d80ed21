import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot token list`.
struct TokenList: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List access tokens, never what they are presented as.", aliases: ["ls"])
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let tokens = try await runtime.engine.accessTokens()
            if output.json {
                try await context.print(.array(tokens.map { TokenReport.json($0) }))
            } else if tokens.isEmpty {
                await context.note("there is no access token; `sandlot token create` makes one")
            } else {
                var table = Table("TOKEN", "NAME", "SCOPE", "SESSION", "AGE", "USED", "EXPIRES", style: context.style)
                for token in tokens {
                    table.add(
                        token.id.rawValue, token.name, TokenReport.scopes(token), token.session?.rawValue ?? "-", Age.text(token.createdAt),
                        token.lastUsedAt.map { Age.text($0) } ?? "-", token.expiresAt?.description ?? "-")
                }
                try await context.print(table.text)
            }
            return 0
        }
    }
}

/// `sandlot token revoke`.
struct TokenRevoke: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End access tokens; whoever presents one is refused from then on.", aliases: ["rm"])
    @Argument(help: "Ids, as `sandlot token list` shows them.") var tokens: [String]
    @OptionGroup var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let ids = try tokens.map { try AccessTokenID(validating: $0) }
        return try await context.withRuntime(settings) { runtime in
            // All are looked up before any is touched.
            let known = Set(try await runtime.engine.accessTokens().map(\.id))
            for id in ids where !known.contains(id) {
                throw SandboxError(.notFound, "there is no access token '\(id)'", remedy: "`sandlot token list` shows those that there are")
            }
            for id in ids { try await runtime.engine.revokeAccessToken(id) }
            return 0
        }
    }
}

/// How a token is told.
enum TokenReport {
    static func scopes(_ token: AccessToken) -> String { token.scopes.sorted().map(\.rawValue).joined(separator: ",") }

    static func json(_ token: AccessToken, with more: [(key: String, value: JSONValue)] = []) -> JSONValue {
        .object(
            [
                ("id", .string(token.id.rawValue)), ("name", .string(token.name)),
                ("scopes", .array(token.scopes.sorted().map { .string($0.rawValue) })), ("session", .text(token.session)),
                ("created_at", .text(token.createdAt)), ("expires_at", .text(token.expiresAt)), ("last_used_at", .text(token.lastUsedAt)),
            ] + more)
    }
}
