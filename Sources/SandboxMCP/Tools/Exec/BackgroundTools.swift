import SandboxCore
import SandboxEngine

extension Tool {
    static let execStart = Tool(
        name: "exec_start", title: "Start a command",
        description: """
            Start a command in the background and return at once with its exec id: servers, watchers, long builds. It runs until it ends, \
            exec_signal ends it or its session is closed. Its output is kept: exec_output reads it at any time.
            """,
        parameters: [
            .session, .text("command", "A line for /bin/sh. Either this or argv."),
            .list("argv", "Program and arguments, passed as they are, without a shell."),
            .text("cwd", "Working directory; relative to the workspace."),
            .table("env", "Environment variables for this command."),
            .flag("stdin", "Keep standard input open for exec_input."),
            .whole("timeout_seconds", "The command and all it started are killed after this; without it never.", 1...604_800),
        ],
        hints: Hints(destructive: true, openWorld: true)
    ) { arguments, context in
        var request = try ExecArguments.request(arguments)
        request.input = try arguments.flag("stdin") ? .stream : .none
        request.timeout = try arguments.whole("timeout_seconds").map { .seconds($0) }
        let session = try await context.session(arguments)
        let running = try await context.engine.start(session.id, request)
        await running.detach()
        let record = try await context.engine.exec(request.id)
        return ToolResult(
            "\(record.id) · \(ExecReport.state(record))\nexec_output reads what it prints, exec_wait waits for its end.",
            .object(ExecReport.facts(record)))
    }

    static let execList = Tool(
        name: "exec_list", title: "List commands",
        description: "List the commands of a session, newest first: those that run, or with `ended` also the others.",
        parameters: [
            .session, .flag("ended", "Also those that are over."), .whole("limit", "How many at most.", 1...200, default: 50),
        ],
        hints: .looks
    ) { arguments, context in
        let session = try await context.session(arguments)
        let limit = try arguments.count("limit")
        let all = try await context.engine.execs(in: session.id, includingEnded: try arguments.flag("ended"))
        let shown = all.reversed().prefix(limit)
        var lines = shown.map { "\(ExecReport.headline($0)) · \(ExecReport.command($0))" }
        if all.isEmpty { lines = ["no commands"] }
        if all.count > limit { lines.append("[\(all.count - limit) older ones are left out]") }
        let list = shown.map { record -> JSON in
            var data = ExecReport.facts(record)
            data["command"] = .string(ExecReport.command(record))
            data["started_at"] = .string(record.startedAt.description)
            return .object(data)
        }
        return ToolResult(lines.joined(separator: "\n"), ["execs": .array(Array(list)), "total": .count(all.count)])
    }

    static let execWait = Tool(
        name: "exec_wait", title: "Wait for a command",
        description: "Wait for a command to end, up to wait_seconds. Gives its outcome and output, or says that it still runs.",
        parameters: [
            .exec, .whole("wait_seconds", "How long to wait at most.", 0...86_400, default: 60), .maxOutput,
        ],
        hints: .looks
    ) { arguments, context in
        let known = try await context.exec(arguments)
        let patience = Duration.seconds(try arguments.count("wait_seconds"))
        let budget = try arguments.count("max_output")
        let engine = context.engine
        let record = known.isOver ? known : try await Patience.within(patience) { try await engine.wait(for: known.id) } ?? known
        guard record.isOver else {
            return ToolResult(
                "\(record.id) · still running after \(ExecReport.seconds(patience)) s\nexec_output reads what it printed so far.",
                .object(ExecReport.facts(record)))
        }
        return try await ExecReport.result(record, printed: record.ending?.offsets ?? .zero, budget: budget, engine)
    }
}

/// Waits for something, but not for ever.
enum Patience {
    /// Nil when the time is up first.
    static func within<T: Sendable>(_ limit: Duration, _ work: @escaping @Sendable () async throws -> T) async throws -> T? {
        try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
