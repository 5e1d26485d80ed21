import GRDB
import SandboxCore

/// How an ending lies in the columns of an exec's row. Durations are in nanoseconds.
enum OutcomeColumns {
    static func values(of outcome: ExecOutcome) -> (word: String, code: Int32?, core: Bool?, reason: String?) {
        switch outcome {
        case .exited(let code): ("exited", code, nil, nil)
        case .signaled(let signal, let core): ("signaled", signal.number, core, nil)
        case .timedOut: ("timed-out", nil, nil, nil)
        case .cancelled: ("cancelled", nil, nil, nil)
        case .lost(let reason): ("lost", nil, nil, reason)
        }
    }

    static func ending(from row: Row) throws -> ExecEnding? {
        guard let word: String = row["outcome"] else { return nil }
        let code: Int32? = row["code"]
        let outcome: ExecOutcome
        switch (word, code) {
        case ("exited", let code?): outcome = .exited(code: code)
        case ("signaled", let number?): outcome = .signaled(try ExecSignal(number: number), coreDumped: row["core"] ?? false)
        case ("timed-out", _): outcome = .timedOut
        case ("cancelled", _): outcome = .cancelled
        case ("lost", _): outcome = .lost(reason: row["reason"] ?? "")
        default: throw SandboxError(.internalError, "the database holds the unknown outcome '\(word)'")
        }
        let memory: Int64? = row["memory"]
        return ExecEnding(
            outcome: outcome, offsets: OutputOffsets(standardOutput: unsigned(row["stdout"]), standardError: unsigned(row["stderr"])),
            survivors: row["survivors"], duration: duration(row["duration"]), processorTime: duration(row["processor"]),
            peakMemory: memory.map(unsigned), memoryKills: row["memory_kills"])
    }

    static func duration(_ nanoseconds: Int64?) -> Duration? { nanoseconds.map { .nanoseconds($0) } }

    static func nanoseconds(_ duration: Duration?) -> Int64? {
        guard let (seconds, attoseconds) = duration?.components else { return nil }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product &+ attoseconds / 1_000_000_000
    }
}
