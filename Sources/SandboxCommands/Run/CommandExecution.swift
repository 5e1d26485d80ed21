import SandboxCore
import SandboxEngine
import Sandlot
import SystemPackage

/// Starts a command in a session and stays with it to its end; `run`, `session exec` and `session shell` differ only in what they do around.
struct CommandExecution {
    let runtime: SandlotRuntime
    let context: CommandContext
    let options: ExecOptions

    /// What will be asked for; wrong options throw here, before anything is made.
    func request(_ command: [String]) throws -> (request: ExecRequest, terminal: LocalTerminal?) {
        let kind = DescriptorKind(context.input)
        // A command with a terminal of its own reads keys only where there are keys to press; else it gets what is piped in.
        let terminal = options.tty ? LocalTerminal(context.input) ?? LocalTerminal(.standardOutput) : nil
        let size = options.tty ? terminal?.size ?? TerminalSize(columns: 80, rows: 24) : nil
        let request = try options.request(
            command, environment: context.environment, files: try options.readFiles(context.currentDirectory), input: options.input(kind),
            terminal: size)
        return (request, terminal)
    }

    /// Runs to the end and gives the exit status.
    func run(_ request: ExecRequest, terminal: LocalTerminal?, in session: SessionID) async throws -> Int32 {
        let exec = try await runtime.engine.start(session, request)
        let conversation = ExecConversation(
            exec: exec, engine: runtime.engine, passesInput: request.input == .stream, terminal: terminal, context: context)
        let ending: ExecEnding
        if let keyboard = LocalTerminal(context.input), request.terminal != nil, request.input == .stream {
            ending = try await keyboard.raw { try await conversation.untilEnd() }
        } else {
            ending = try await conversation.untilEnd()
        }
        if let note = OutcomeReport.note(ending, timeout: options.timeout) { await context.note(note) }
        return ending.outcome.exitStatus
    }
}
