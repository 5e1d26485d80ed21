import ArgumentParser
import SandboxCore
import SandboxSettings
import Sandlot

/// `sandlot config show`.
struct ConfigShow: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print every setting with its value and where that comes from.",
        discussion: "A flag wins over a SANDLOT_ variable, that over the file, that over a variable of other tools, that over the default.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only these settings, by name or beginning.") var names: [String] = []
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        let (_, reading) = try ConfigSources.read(settings, in: context)
        if let problem = reading.problems.first {
            throw SandboxError(.invalidArgument, problem.description, remedy: problem.remedy ?? "`sandlot config check` shows everything")
        }
        let shown = try Self.selection(names, in: reading.settings)
        if output.json {
            try await context.print(.array(shown.map(Self.json)))
        } else {
            try await context.print(Self.table(shown, context.style))
        }
        return 0
    }

    static func selection(_ names: [String], in settings: Settings) throws -> [ResolvedSetting] {
        guard !names.isEmpty else { return settings.all }
        return try names.flatMap { name in
            let found = settings.all.filter { $0.key.name == name || $0.key.name.hasPrefix(name + ".") }
            if found.isEmpty { _ = try settings.schema.key(named: name) }
            return found
        }
    }

    static func table(_ settings: [ResolvedSetting], _ style: Style) -> String {
        var table = Table("SETTING", "VALUE", "FROM", style: style)
        for setting in settings { table.add(setting.key.name, setting.value == nil ? "-" : setting.text, setting.origin.description) }
        return table.text
    }

    static func json(_ setting: ResolvedSetting) -> JSONValue {
        let value: JSONValue =
            switch setting.value {
            case nil: .null
            case .boolean(let truth): .boolean(truth)
            case .integer(let number): .whole(number)
            case .number(let number): .number(number)
            case .list(let words): .array(words.map { .string($0) })
            default: .string(setting.text)
            }
        var place: (file: JSONValue, line: JSONValue, variable: JSONValue) = (nil, nil, nil)
        switch setting.origin {
        case .file(let path, let line): place = (.string(path), .whole(line), nil)
        case .environment(let name), .alias(let name): place.variable = .string(name)
        case .flag, .default: break
        }
        return [
            "key": .string(setting.key.name), "value": value, "secret": .boolean(setting.key.kind == .secret),
            "origin": .string(setting.origin.word), "file": place.file, "line": place.line, "variable": place.variable,
            "summary": .string(setting.key.summary), "expects": .string(setting.key.kind.expectation),
            "environment": .string(setting.key.environmentName), "aliases": .array(setting.key.aliases.map { .string($0) }),
        ]
    }
}
