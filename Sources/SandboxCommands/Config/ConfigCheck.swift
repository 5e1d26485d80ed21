import ArgumentParser
import SandboxSettings

/// `sandlot config check`.
struct ConfigCheck: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look for mistakes in the settings.", discussion: "The exit status is 1 when there are any.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        let (locations, reading) = try ConfigSources.read(settings, in: context)
        if output.json {
            try await context.print([
                "file": .string(locations.file), "ok": .boolean(reading.problems.isEmpty),
                "problems": .array(reading.problems.map(Self.json)), "warnings": .array(reading.settings.warnings.map(Self.json)),
            ])
        } else {
            var text = ""
            for problem in reading.problems { text += Self.text(problem, context.style.bad("error:")) }
            for warning in reading.settings.warnings { text += Self.text(warning, context.style.warning("warning:")) }
            try await context.print(text.isEmpty ? "no mistakes\n" : text)
        }
        return reading.problems.isEmpty ? 0 : 1
    }

    private static func text(_ problem: SettingsProblem, _ word: String) -> String {
        "\(word) \(Table.harmless(problem.description))\n" + (problem.remedy.map { "  try: \(Table.harmless($0))\n" } ?? "")
    }

    static func json(_ problem: SettingsProblem) -> JSONValue {
        [
            "source": .string(problem.source), "line": .whole(problem.line), "column": .whole(problem.column), "key": .text(problem.key),
            "message": .string(problem.message), "remedy": .text(problem.remedy),
        ]
    }
}
