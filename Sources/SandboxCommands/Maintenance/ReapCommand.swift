import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot reap`.
struct ReapCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "reap", abstract: "End expired sessions and remove sandboxes that no session owns.",
        discussion: "Other commands do this by themselves, in the background, at most once a minute.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Flag(name: .long, help: .hidden) var background = false
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let report = try await Progress.during("reaping", in: context) { try await runtime.engine.reconcile() }
            if background { return 0 }
            if output.json {
                try await context.print(Self.json(report))
            } else {
                try await context.print(Self.text(report))
            }
            return report.problems.isEmpty ? 0 : 1
        }
    }

    static func text(_ report: ReconciliationReport) -> String {
        var text = ""
        for (word, names) in [
            ("closed", report.closed.map(\.rawValue)), ("failed", report.failed.map(\.rawValue)),
            ("adopted", report.adopted.map(\.rawValue)),
            ("reaped", report.reaped.map(\.rawValue)), ("lost", report.lost.map(\.rawValue)), ("problem", report.problems),
        ] {
            for name in names { text += "\(word) \(Table.harmless(name))\n" }
        }
        return text.isEmpty ? "nothing to do\n" : text
    }

    static func json(_ report: ReconciliationReport) -> JSONValue {
        func list(_ names: [some CustomStringConvertible]) -> JSONValue { .array(names.map { .string($0.description) }) }
        return [
            "closed": list(report.closed), "failed": list(report.failed), "adopted": list(report.adopted), "resumed": list(report.resumed),
            "lost": list(report.lost), "reaped": list(report.reaped), "problems": list(report.problems),
        ]
    }
}
