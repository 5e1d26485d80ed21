import SandboxCore
import SandboxEngine

/// An exec as it is shown.
enum ExecReport {
    static func json(_ exec: ExecRecord) -> JSONValue {
        let command: JSONValue =
            switch exec.command {
            case .arguments(let list): .array(list.map { .string($0) })
            case .shell(let line): ["/bin/sh", "-c", .string(line)]
            }
        return [
            "id": .string(exec.id.rawValue), "session": .string(exec.session.rawValue), "sandbox": .string(exec.sandbox.rawValue),
            "state": .string(exec.state.rawValue), "process_id": .whole(exec.processID), "command": command,
            "working_directory": .text(exec.workingDirectory), "user": .text(exec.user), "terminal": .boolean(exec.hasTerminal),
            "ending": exec.ending.map(OutcomeReport.json) ?? .null, "failure": .text(exec.failure),
            "dropped": ["stdout": .whole(exec.dropped.standardOutput), "stderr": .whole(exec.dropped.standardError)],
            "started_at": .string(exec.startedAt.description), "ended_at": .text(exec.endedAt),
        ]
    }

    /// The exit status that this exec stands for; nil while it runs.
    static func status(_ exec: ExecRecord) -> Int32? {
        if let ending = exec.ending { return ending.outcome.exitStatus }
        return exec.state == .refused ? exec.refusalStatus ?? ExitStatus.sandlotFailed : nil
    }

    static func state(_ exec: ExecRecord) -> String { exec.ending.map { OutcomeReport.word($0.outcome) } ?? exec.state.rawValue }

    /// As one would type it.
    static func commandLine(_ exec: ExecRecord, limit: Int = 60) -> String {
        let line =
            switch exec.command {
            case .shell(let line): line
            case .arguments(let list): list.map(quoted).joined(separator: " ")
            }
        return line.count > limit ? String(line.prefix(limit - 1)) + "…" : line
    }

    private static func quoted(_ argument: String) -> String {
        let plain = !argument.isEmpty && argument.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+@%".contains($0) }
        return plain ? argument : "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
