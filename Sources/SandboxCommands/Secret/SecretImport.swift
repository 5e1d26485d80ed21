import ArgumentParser
import SandboxCore
import SandboxSecrets
import SandboxSettings
import Sandlot

/// `sandlot secret import`.
struct SecretImport: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Seal the secrets that stand in the settings file, and name them there instead.",
        discussion:
            "The file keeps its comments and order. Copies of the old file, in a backup or a repository, keep the secrets: change those.")
    @OptionGroup var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let store = try SandlotSecrets.open(settings.sandlotOptions(environment: context.environment)).store
        let editor = try ConfigSet.editor(in: context)
        let found = try editor.plainSecrets().map { (key: $0.key, name: try SecretName(validating: $0.key.name), secret: $0.secret) }
        guard !found.isEmpty else {
            await context.note("no secret stands in \(editor.path)")
            return 0
        }
        // All are looked at before any is touched.
        let known = Set(try await store.entries().map(\.name))
        for (_, name, secret) in found where known.contains(name) {
            guard try await store.value(name) == secret.reveal() else {
                throw SandboxError(
                    .alreadyExists, "a secret '\(name)' with another value is sealed already",
                    remedy: "remove the one that is wrong: `sandlot secret rm \(name)`, or `sandlot config unset \(name)`")
            }
        }
        for (key, name, secret) in found {
            // Sealed before it leaves the file: a crash in between loses nothing, and the next call goes on.
            try await store.set(name, to: secret.reveal())
            try editor.set(key.name, to: "secret:\(name)")
            await context.note("\(key.name) is sealed now")
        }
        return 0
    }
}
