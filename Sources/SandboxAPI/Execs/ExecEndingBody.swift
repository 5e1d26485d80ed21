public import SandboxCore

/// An `ExecOutcome`: `{"kind": "exited", "code": 0}`, `{"kind": "signaled", "signal": 9, "coreDumped": false}`, `timed_out`, `cancelled`, or
/// `{"kind": "lost", "reason": …}`.
public struct OutcomeBody: Sendable, Codable, Equatable {
    /// The five words.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case exited, signaled, cancelled, lost
        case timedOut = "timed_out"
    }

    public var kind: Kind
    public var code: Int32?
    public var signal: Int32?
    public var coreDumped: Bool?
    public var reason: String?

    /// Wraps an outcome.
    public init(_ outcome: ExecOutcome) {
        switch outcome {
        case .exited(let code):
            kind = .exited
            self.code = code
        case .signaled(let signal, let coreDumped):
            kind = .signaled
            self.signal = signal.number
            self.coreDumped = coreDumped
        case .timedOut: kind = .timedOut
        case .cancelled: kind = .cancelled
        case .lost(let reason):
            kind = .lost
            self.reason = reason
        }
    }

    /// The outcome. Throws `protocolViolation` when the value that goes with its kind is missing.
    public func outcome() throws -> ExecOutcome {
        switch (kind, code, signal) {
        case (.exited, let code?, _): return .exited(code: code)
        case (.signaled, _, let signal?): return .signaled(try ExecSignal(number: signal), coreDumped: coreDumped ?? false)
        case (.timedOut, _, _): return .timedOut
        case (.cancelled, _, _): return .cancelled
        case (.lost, _, _): return .lost(reason: reason ?? "")
        default: throw SandboxError(.protocolViolation, "an outcome of kind '\(kind.rawValue)' lacks its value")
        }
    }
}

/// An `ExecEnding`.
public struct EndingBody: Sendable, Codable, Equatable {
    public var outcome: OutcomeBody
    /// What a shell would report.
    public var exitStatus: Int32
    /// One past the last byte of each stream.
    public var stdout: UInt64
    public var stderr: UInt64
    /// Processes that it left running.
    public var survivors: Int
    public var durationMs: Double?
    public var processorMs: Double?
    /// Bytes.
    public var peakMemory: UInt64?
    /// Processes that the kernel killed for want of memory; nil where unknown.
    public var memoryKills: Int?

    /// Wraps an ending.
    public init(_ ending: ExecEnding) {
        outcome = OutcomeBody(ending.outcome)
        exitStatus = ending.outcome.exitStatus
        stdout = ending.offsets.standardOutput
        stderr = ending.offsets.standardError
        survivors = ending.survivors
        durationMs = ending.duration.map(Milliseconds.of)
        processorMs = ending.processorTime.map(Milliseconds.of)
        peakMemory = ending.peakMemory
        memoryKills = ending.memoryKills
    }

    /// The ending.
    public func ending() throws -> ExecEnding {
        ExecEnding(
            outcome: try outcome.outcome(), offsets: OutputOffsets(standardOutput: stdout, standardError: stderr), survivors: survivors,
            duration: try durationMs.map { try Milliseconds.duration($0, "durationMs") },
            processorTime: try processorMs.map { try Milliseconds.duration($0, "processorMs") }, peakMemory: peakMemory,
            memoryKills: memoryKills)
    }
}
