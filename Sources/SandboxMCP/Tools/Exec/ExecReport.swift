import SandboxCore
import SandboxEngine

/// How an exec stands, for a model and for a program.
enum ExecReport {
    /// With what it printed, cut to a budget.
    static func result(_ record: ExecRecord, printed: OutputOffsets, budget: Int, _ engine: Engine) async throws -> ToolResult {
        let output = try await OutputExcerpt.whole(.standardOutput, of: record, printed: printed, budget: budget, engine)
        let errors = try await OutputExcerpt.whole(.standardError, of: record, printed: printed, budget: budget, engine)
        var text = headline(record)
        if !output.text.isEmpty { text += "\n--- stdout\n" + output.text }
        if !errors.text.isEmpty { text += "\n--- stderr\n" + errors.text }
        for (name, excerpt) in [("stdout", output), ("stderr", errors)] where excerpt.dropped > 0 {
            text += "\n[\(excerpt.dropped) bytes of \(name) were not kept]"
        }
        if !record.isOver { text += "\nIt is still running: exec_wait waits for it, exec_output reads on, exec_signal ends it." }
        var data = facts(record)
        data["stdout"] = output.data
        data["stderr"] = errors.data
        return ToolResult(text, .object(data))
    }

    /// One line.
    static func headline(_ record: ExecRecord) -> String {
        var parts = ["\(record.id)", state(record)]
        if let duration = record.ending?.duration { parts.append("\(seconds(duration)) s") }
        if let survivors = record.ending?.survivors, survivors > 0 { parts.append("\(survivors) processes left running") }
        return parts.joined(separator: " · ")
    }

    static func facts(_ record: ExecRecord) -> JSON.Members {
        var data = JSON.Members([
            ("exec", .string(record.id.rawValue)), ("session", .string(record.session.rawValue)),
            ("state", .string(record.state.rawValue)),
        ])
        if let failure = record.failure { data["failure"] = .string(String(failure.prefix(2000))) }
        guard let ending = record.ending else { return data }
        switch ending.outcome {
        case .exited(let code):
            data["outcome"] = "exited"
            data["exit_code"] = .count(code)
        case .signaled(let signal, _):
            data["outcome"] = "signaled"
            data["signal"] = .string(signal.description)
        case .timedOut: data["outcome"] = "timed_out"
        case .cancelled: data["outcome"] = "cancelled"
        case .lost(let reason):
            data["outcome"] = "lost"
            data["reason"] = .string(reason)
        }
        if let duration = ending.duration { data["duration_seconds"] = .number(seconds(duration)) }
        if ending.survivors > 0 { data["survivors"] = .count(ending.survivors) }
        return data
    }

    static func state(_ record: ExecRecord) -> String {
        guard let ending = record.ending else {
            return record.state == .refused ? "refused: \(record.failure ?? "no reason is known")" : record.state.rawValue
        }
        return switch ending.outcome {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal, let dumped): "killed by \(signal)" + (dumped ? ", core dumped" : "")
        case .timedOut: "timed out and was killed"
        case .cancelled: "was cancelled"
        case .lost(let reason): "lost, nobody can tell how it ended: \(reason)"
        }
    }

    static func seconds(_ duration: Duration) -> Double { (duration / .seconds(1) * 1000).rounded() / 1000 }

    static func command(_ record: ExecRecord) -> String {
        switch record.command {
        case .shell(let line): String(line.prefix(200))
        case .arguments(let words): String(words.joined(separator: " ").prefix(200))
        }
    }
}
