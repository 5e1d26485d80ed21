import SandboxCore
import SandboxEngine
import SystemPackage

/// Starts a command in a session and stays with it to its end; `run`, `session exec` and `session shell` differ only in what they do around.
struct CommandExecution {
    let place: any SessionPlace
    let context: CommandContext

    /// Runs to the end and gives the exit status.
    func run(_ request: ExecRequest, terminal: LocalTerminal?, in session: SessionID) async throws -> Int32 {
        let exec: any RunningExec
        do {
            exec = try await place.start(request, in: session)
        } catch let failure as ExecStartFailure {
            throw Failure(failure, of: request)
        }
        let conversation = ExecConversation(
            exec: exec, place: place, session: session, passesInput: request.input == .stream, terminal: terminal, context: context)
        let ending: ExecEnding
        if let keyboard = LocalTerminal(context.input), request.terminal != nil, request.input == .stream {
            ending = try await keyboard.raw { try await conversation.untilEnd() }
        } else {
            ending = try await conversation.untilEnd()
        }
        if let note = OutcomeReport.note(ending, timeout: request.timeout) { await context.note(note) }
        return ending.outcome.exitStatus
    }
}

extension ExecOptions {
    /// What will be asked for, and the terminal that it is for; wrong options throw here, before anything is made.
    func request(_ command: [String], in context: CommandContext) throws -> (request: ExecRequest, terminal: LocalTerminal?) {
        let terminal = tty ? LocalTerminal(context.input) ?? LocalTerminal(.standardOutput) : nil
        let size = tty ? terminal?.size ?? TerminalSize(columns: 80, rows: 24) : nil
        let request = try request(
            command, environment: context.environment, files: try readFiles(context.currentDirectory),
            input: input(DescriptorKind(context.input)),
            terminal: size)
        return (request, terminal)
    }
}
