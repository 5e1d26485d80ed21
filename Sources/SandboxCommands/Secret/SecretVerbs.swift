import ArgumentParser
import SandboxCore
import SandboxEngine
import SandboxSecrets
import Sandlot

/// `sandlot secret`.
struct SecretVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "Sealed secrets: set, list, remove, rotate the key, import from the settings file.",
        discussion: "A setting uses one by name: `sandlot config set SETTING secret:NAME`.",
        subcommands: [SecretSet.self, SecretList.self, SecretRemove.self, SecretRotate.self, SecretImport.self])
}

/// `sandlot secret list`.
struct SecretList: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the names of sealed secrets, never values.", aliases: ["ls"])
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        let store = try SandlotSecrets.open(settings.sandlotOptions(environment: context.environment)).store
        let entries = try await store.entries()
        if output.json {
            try await context.print(
                .array(entries.map { ["name": .string($0.name.rawValue), "changed_at": .text(Timestamp(milliseconds: $0.changed))] }))
        } else if entries.isEmpty {
            await context.note("there is no sealed secret; `sandlot secret set NAME` sets one")
        } else {
            var table = Table("SECRET", "CHANGED", style: context.style)
            for entry in entries { table.add(entry.name.rawValue, Age.text(Timestamp(milliseconds: entry.changed))) }
            try await context.print(table.text)
        }
        return 0
    }
}

/// `sandlot secret rm`.
struct SecretRemove: SandlotCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove sealed secrets, all or none of those named.")
    @Argument(help: "Names, as `sandlot secret list` shows them.") var names: [String]
    @OptionGroup var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let store = try SandlotSecrets.open(settings.sandlotOptions(environment: context.environment)).store
        try await store.remove(try names.map { try SecretName(validating: $0) })
        return 0
    }
}

/// `sandlot secret rotate`.
struct SecretRotate: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Seal everything with a new key and forget the old one.",
        discussion: """
            The key comes from secrets.key_command or secrets.key_file where one is set, else it is made and kept in the
            system's keyring, or, without one, in a private file in the data directory. After a change of these settings
            rotate moves the secrets to the new place.
            """)
    @OptionGroup var settings: SettingsOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let store = try SandlotSecrets.open(settings.sandlotOptions(environment: context.environment)).store
        let summary = try await store.rotate()
        await context.note("sealed anew; the key is in \(summary.source.words)")
        return 0
    }
}
