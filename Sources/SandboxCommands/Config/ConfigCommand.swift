import ArgumentParser
import SandboxCore
import SandboxSettings
import Sandlot

/// `sandlot config`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Settings: show, check, change.",
        subcommands: [ConfigShow.self, ConfigCheck.self, ConfigPath.self, ConfigSet.self, ConfigUnset.self])
}

/// Where settings are read from here.
enum ConfigSources {
    static func read(_ options: SettingsOptions, in context: CommandContext) throws -> (
        locations: SettingsLocations, reading: SettingsReading
    ) {
        let sandlot = try options.sandlotOptions(environment: context.environment)
        let locations = try SandlotRuntime.locations(sandlot)
        let flags = sandlot.settings.sorted { $0.key < $1.key }.map { (name: $0.key, text: $0.value) }
        let sources = try SettingsSources.read(at: locations, environment: context.environment, flags: flags)
        return (locations, SettingsReading(sources, schema: SandlotRuntime.schema))
    }
}

/// `sandlot config path`.
struct ConfigPath: SandlotCommand {
    static let configuration = CommandConfiguration(commandName: "path", abstract: "Print where the settings file is.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        let locations = try SandlotRuntime.locations(try settings.sandlotOptions(environment: context.environment))
        if output.json {
            try await context.print(["file": .string(locations.file), "data_directory": .string(locations.dataDirectory)])
        } else {
            try await context.print(locations.file + "\n")
        }
        return 0
    }
}
