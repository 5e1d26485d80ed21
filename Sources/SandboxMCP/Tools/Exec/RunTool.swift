import SandboxCore
import SandboxEngine
import SystemPackage

extension Tool {
    static let run = Tool(
        name: "run", title: "Run a command",
        description: """
            Run a command in a sandbox and wait for its end. Gives the outcome (exit code, signal or time-out), stdout and stderr; a failing \
            command is a result, not an error. Files that it writes stay; shell variables and the working directory do not carry over to the \
            next call. For servers and other long-lived commands use exec_start.
            """,
        parameters: [
            .session, .text("command", "A line for /bin/sh. Either this or argv."),
            .list("argv", "Program and arguments, passed as they are, without a shell."),
            .text("cwd", "Working directory; relative to the workspace."),
            .table("env", "Environment variables for this command."), .text("stdin", "Standard input; without it there is none."),
            .whole("timeout_seconds", "The command and all it started are killed after this.", 1...86_400, default: 300),
            .whole(
                "wait_seconds", "Return earlier, after this, and leave the command running: then go on with exec_wait.", 0...86_400),
            .maxOutput,
        ],
        hints: Hints(destructive: true, openWorld: true)
    ) { arguments, context in
        var request = try ExecArguments.request(arguments)
        let input = try arguments.content("stdin").map { Array($0.utf8) }
        request.input = input == nil ? .none : .stream
        request.timeout = .seconds(try arguments.count("timeout_seconds"))
        let patience = try arguments.whole("wait_seconds").map { Duration.seconds($0) }
        let budget = try arguments.count("max_output")
        let session = try await context.session(arguments)
        let running = try await context.engine.start(session.id, request)
        let follower = ExecFollower(running, input: input, patience: patience, progress: context.progress)
        let printed: OutputOffsets
        do {
            printed = try await follower.follow()
        } catch {
            // Whoever asked is gone: what nobody waits for must not go on.
            if context.server.isLeavingCommands { await running.detach() } else { await follower.end() }
            throw error
        }
        let record = try await context.engine.exec(request.id)
        return try await ExecReport.result(record, printed: printed, budget: budget, context.engine)
    }
}

extension Parameter {
    static let maxOutput = whole("max_output", "Bytes of each stream to return.", 200...100_000, default: 16_000)
}

/// The arguments that say what to run.
enum ExecArguments {
    static func request(_ arguments: ToolArguments) throws -> ExecRequest {
        let command: ExecRequest.Command
        switch (try arguments.text("command"), try arguments.list("argv")) {
        case (let line?, nil):
            guard !line.isEmpty else { throw ToolArguments.wrong("'command' is empty", "pass a line for the shell") }
            command = .shell(line)
        case (nil, let words?):
            guard let program = words.first, !program.isEmpty, words.allSatisfy({ !$0.utf8.contains(0) }) else {
                throw ToolArguments.wrong("'argv' names no program, or holds NUL", "pass the program and its arguments")
            }
            command = .arguments(words)
        default: throw ToolArguments.wrong("neither or both of 'command' and 'argv' are there", "pass one of them")
        }
        let environment = try arguments.table("env")
        for (name, value) in environment where name.isEmpty || name.contains("=") || (name + value).utf8.contains(0) {
            throw ToolArguments.wrong("'\(name.prefix(80))' cannot be set in an environment", "names hold no '=', nothing holds NUL")
        }
        return ExecRequest(
            command, workingDirectory: try arguments.text("cwd").map { FilePath($0) }, environment: environment)
    }
}
