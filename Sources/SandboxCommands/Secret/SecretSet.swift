import ArgumentParser
import SandboxCore
import SandboxSecrets
import Sandlot
import SystemPackage

/// `sandlot secret set`.
struct SecretSet: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Seal a secret; its value is read from standard input, or asked for.",
        discussion: """
            EXAMPLES
              sandlot secret set cloud-key                     asks, and shows nothing
              sandlot secret set cloud-key < key.txt
              pass show cloud | sandlot secret set cloud-key
            """)
    @Argument(help: "Name: a-z, 0-9, '.', '-' and '_'.") var name: String
    @OptionGroup var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let name = try SecretName(validating: name)
        let store = try SandlotSecrets.open(settings.sandlotOptions(environment: context.environment)).store
        let isFirst = try store.summary() == nil
        try await store.set(name, to: try await value(of: name, in: context))
        if isFirst, let summary = try store.summary() { await context.note("sealed; the key is in \(summary.source.words)") }
        return 0
    }

    private func value(of name: SecretName, in context: CommandContext) async throws -> String {
        if let terminal = LocalTerminal(context.input) {
            try await context.error.write("Value of \(name): ")
            return try await terminal.withoutEcho {
                try await Self.read(from: context.input, until: { $0.contains(0x0A) })
            }
        }
        return try await Self.read(from: context.input, until: { _ in false })
    }

    /// Text up to the end, or up to where `isComplete` says so, without the line break at its end.
    private static func read(from input: FileDescriptor, until isComplete: ([UInt8]) -> Bool) async throws -> String {
        let stream = try InputStream(input)
        var bytes: [UInt8] = []
        while bytes.count <= SealedSecretStore.longestValue, !isComplete(bytes), let piece = try await stream.next() { bytes += piece }
        try Task.checkCancellation()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SandboxError(.invalidArgument, "the value is not text", remedy: "give it as UTF-8")
        }
        return text.hasSuffix("\n") || text.hasSuffix("\r\n") ? String(text.dropLast()) : text
    }
}
