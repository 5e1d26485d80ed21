import ArgumentParser
import SandboxCore
import SandboxSettings
import Sandlot

/// `sandlot config set`.
struct ConfigSet: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a setting in the file; comments and order stay.",
        discussion: """
            EXAMPLES
              sandlot config set network open
              sandlot config set limits.memory 2G
              sandlot config set auto_order podman,docker
            """)
    @Argument(help: "Name, such as limits.memory.") var key: String
    @Argument(help: "Value; the elements of a list are separated by commas.") var value: String

    func run(in context: CommandContext) async throws -> Int32 {
        try ArgumentSecrets.refuse(value, for: key)
        let editor = try Self.editor(in: context)
        for warning in try editor.set(key, to: value) { await context.note("\(warning); \(warning.remedy ?? "")") }
        return 0
    }

    static func editor(in context: CommandContext) throws -> SettingsEditor {
        let locations = try SandlotRuntime.locations(SandlotOptions(environment: context.environment))
        return SettingsEditor(path: locations.file, schema: SandlotRuntime.schema)
    }
}

/// `sandlot config unset`.
struct ConfigUnset: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset", abstract: "Remove a setting from the file, so that the next source counts.")
    @Argument(help: "Name, such as limits.memory.") var key: String

    func run(in context: CommandContext) async throws -> Int32 {
        let editor = try ConfigSet.editor(in: context)
        if try !editor.unset(key) { await context.note("\(editor.path) does not set '\(key)'") }
        return 0
    }
}
