import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot wait`.
struct WaitCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait for background commands to end; print and take over their exit status.",
        discussion: "With several, the exit status is the last one's.")
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Exec ids.") var execs: [String]
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            var ids: [ExecID] = []
            for text in execs { ids.append(try await ExecLookup.exec(text, in: runtime.engine).id) }
            var status: Int32 = 0
            for id in ids {
                let record = try await Progress.during("waiting for \(id)", in: context) { try await runtime.engine.wait(for: id) }
                status = ExecReport.status(record) ?? ExitStatus.sandlotFailed
                if output.json {
                    try await context.output.write(ExecReport.json(record).text() + "\n")
                } else {
                    try await context.print("\(status)\n")
                    if let note = record.ending.flatMap({ OutcomeReport.note($0, timeout: nil) }) { await context.note(note) }
                }
            }
            return status
        }
    }
}
