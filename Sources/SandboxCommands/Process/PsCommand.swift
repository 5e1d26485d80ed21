import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot ps`.
struct PsCommand: SandlotCommand {
    static let configuration = CommandConfiguration(commandName: "ps", abstract: "List running commands.")
    @Flag(name: .shortAndLong, help: "Ended ones too.") var all = false
    @Flag(name: .shortAndLong, help: "Only ids.") var quiet = false
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only those of this session, by id or name.") var session: String?
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            var owner: SessionID?
            if let session { owner = try await runtime.engine.session(session).id }
            let execs = try await runtime.engine.execs(in: owner, includingEnded: all)
            if output.json {
                try await context.print(.array(execs.map(ExecReport.json)))
            } else if quiet {
                try await context.print(execs.map { "\($0.id)\n" }.joined())
            } else {
                try await context.print(Self.table(execs, context.style))
            }
            return 0
        }
    }

    static func table(_ execs: [ExecRecord], _ style: Style) -> String {
        var table = Table("EXEC", "SESSION", "STATE", "PID", "AGE", "COMMAND", style: style)
        for exec in execs {
            table.add(
                exec.id.rawValue, exec.session.rawValue, ExecReport.state(exec), exec.processID.map(String.init) ?? "-",
                Age.text(exec.startedAt),
                ExecReport.commandLine(exec))
        }
        return table.text
    }
}
