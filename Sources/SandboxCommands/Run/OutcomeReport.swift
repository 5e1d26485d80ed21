import SandboxCore
import SandboxSettings

/// How a command ended, for people who would not see it otherwise.
enum OutcomeReport {
    /// What is worth a line on standard error; nil where the exit status says it all.
    static func note(_ ending: ExecEnding, timeout: Duration?) -> String? {
        switch ending.outcome {
        case .exited: memory(ending)
        case .signaled(let signal, let dumped):
            signal == .interrupt
                ? nil : "the command was killed by \(signal)\(dumped ? " (core dumped)" : "")" + (memory(ending).map { "; \($0)" } ?? "")
        case .timedOut: "the command was killed after its time limit\(timeout.map { " of \(DurationText.text($0))" } ?? "")"
        case .cancelled: "the command was cancelled"
        case .lost(let reason): "nobody can tell how the command ended: \(reason)"
        }
    }

    private static func memory(_ ending: ExecEnding) -> String? {
        guard ending.memoryExceeded, let kills = ending.memoryKills else { return nil }
        let who = kills == 1 ? "a process of the sandbox was" : "\(kills) processes of the sandbox were"
        return "\(who) killed for want of memory while it ran (see --memory)"
    }

    static func word(_ outcome: ExecOutcome) -> String {
        switch outcome {
        case .exited(let code): "exited \(code)"
        case .signaled(let signal, _): "killed by \(signal)"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .lost: "lost"
        }
    }

    static func json(_ ending: ExecEnding) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        switch ending.outcome {
        case .exited(let code): members += [("outcome", "exited"), ("code", .whole(code))]
        case .signaled(let signal, let dumped):
            members += [("outcome", "signaled"), ("signal", .whole(signal.number)), ("core_dumped", .boolean(dumped))]
        case .timedOut: members += [("outcome", "timed_out")]
        case .cancelled: members += [("outcome", "cancelled")]
        case .lost(let reason): members += [("outcome", "lost"), ("reason", .string(reason))]
        }
        members += [
            ("exit_status", .whole(ending.outcome.exitStatus)), ("survivors", .whole(ending.survivors)),
            ("stdout_bytes", .whole(ending.offsets.standardOutput)), ("stderr_bytes", .whole(ending.offsets.standardError)),
            ("duration_seconds", .seconds(ending.duration)), ("processor_seconds", .seconds(ending.processorTime)),
            ("peak_memory_bytes", .whole(ending.peakMemory)), ("memory_kills", .whole(ending.memoryKills)),
        ]
        return .object(members)
    }
}
