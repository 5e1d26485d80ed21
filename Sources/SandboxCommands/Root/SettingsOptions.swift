import ArgumentParser
import SandboxCore
import SandboxSettings
import Sandlot

/// Options that every command has.
struct SettingsOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Where sessions and output are kept.", valueName: "directory"), completion: .directory)
    var dataDirectory: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Least important message that is logged: trace, debug, info, notice, warning, error.", valueName: "level"))
    var logLevel: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Any setting, for this call only; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    /// Refuses what a server's own settings decide.
    func refuse(at server: ServerChoice) throws {
        guard dataDirectory != nil || logLevel != nil || !settings.isEmpty else { return }
        throw SandboxError(
            .unsupported, "--data-directory, --log-level and --set are about this machine, not about \(server.address)",
            remedy: "leave them out, or --server")
    }

    func sandlotOptions(environment: [String: String]) throws -> SandlotOptions {
        var flags: [String: String] = [:]
        for setting in settings {
            let name = String(setting.prefix { $0 != "=" })
            guard name.count < setting.count else {
                throw SandboxError(.invalidArgument, "'--set \(name)' has no value", remedy: "write --set key=value")
            }
            let text = String(setting.dropFirst(name.count + 1))
            try ArgumentSecrets.refuse(text, for: name)
            flags[name] = text
        }
        if let dataDirectory { flags["data_directory"] = dataDirectory }
        if let logLevel { flags["log_level"] = logLevel }
        return SandlotOptions(settings: flags, environment: environment)
    }
}

/// Every user of the machine sees the arguments of a process: no secret may be one.
enum ArgumentSecrets {
    static func refuse(_ text: String, for setting: String) throws {
        guard SandlotRuntime.schema[setting]?.kind == .secret, try SecretReference(text).isPlain else { return }
        throw SandboxError(
            .invalidArgument, "the secret '\(setting)' cannot be given as an argument, where everybody sees it",
            remedy: "`sandlot secret set NAME`, then use secret:NAME; or env:VARIABLE, file:PATH, command:PROGRAM")
    }
}

/// `--json`.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON: one document, or one per line where it goes on.")
    var json = false
}
