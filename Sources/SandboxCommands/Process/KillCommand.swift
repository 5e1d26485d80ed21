import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot kill`.
struct KillCommand: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "End background commands with everything that they started.",
        discussion: "Sends SIGTERM, and SIGKILL to what is left after two seconds. With --signal only that signal is sent.")
    @Option(name: .shortAndLong, help: "Send this signal to the command itself, by name or number.") var signal: String?
    @Flag(name: .long, help: "With --signal: to every process that the command started too.") var tree = false
    @OptionGroup var settings: SettingsOptions
    @Argument(help: "Exec ids.") var execs: [String]

    func validate() throws {
        if tree && signal == nil { throw ValidationError("--tree needs --signal; without it the whole tree is ended anyway") }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        let number = try signal.map { try ExecSignal(parsing: $0) }
        return try await context.withRuntime(settings) { runtime in
            var ids: [ExecID] = []
            for text in execs { ids.append(try await ExecLookup.exec(text, in: runtime.engine).id) }
            for id in ids {
                if let number { try await runtime.engine.signal(id, number, wholeTree: tree) } else { try await runtime.engine.cancel(id) }
            }
            return 0
        }
    }
}
