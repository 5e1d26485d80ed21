/// How a command ended. A command that exits 1 is an outcome, not an error; nothing here is ever guessed.
public enum ExecOutcome: Sendable, Equatable {
    case exited(code: Int32)
    case signaled(ExecSignal, coreDumped: Bool)
    /// The request's time limit came first and the tree was killed.
    case timedOut
    /// A caller cancelled it and the tree was killed.
    case cancelled
    /// Nobody can tell any more: the sandbox or its guest died first. The reason is for people.
    case lost(reason: String)

    /// True for exit code 0.
    public var isSuccess: Bool { self == .exited(code: 0) }

    /// What a shell would report: the code, 128 plus the signal, 124 for a time-out, 125 where there is no status of the command's own.
    public var exitStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal, _): ExitStatus.signalBase + signal.number
        case .timedOut: ExitStatus.timedOut
        case .cancelled: ExitStatus.signalBase + ExecSignal.terminate.number
        case .lost: ExitStatus.sandlotFailed
        }
    }
}

/// The end of an exec.
public struct ExecEnding: Sendable, Equatable {
    public var outcome: ExecOutcome
    /// One past the last byte of each stream.
    public var offsets: OutputOffsets
    /// Processes that it left running.
    public var survivors: Int
    /// From start to the command's end; nil where unknown.
    public var duration: Duration?
    /// Processor time of the command and its reaped children; nil where unknown.
    public var processorTime: Duration?
    /// Bytes; nil where unknown.
    public var peakMemory: UInt64?
    /// Processes of the whole sandbox that the kernel killed for want of memory while the command ran, as the kernel counted them; nil where
    /// nobody counts. A count says what happened beside the command, not that it is the cause of the outcome.
    public var memoryKills: Int?

    /// Whether the kernel killed any process of the sandbox for want of memory while the command ran; false also where nobody counts.
    public var memoryExceeded: Bool { (memoryKills ?? 0) > 0 }

    /// Creates an ending.
    public init(
        outcome: ExecOutcome, offsets: OutputOffsets, survivors: Int = 0, duration: Duration? = nil, processorTime: Duration? = nil,
        peakMemory: UInt64? = nil, memoryKills: Int? = nil
    ) {
        self.outcome = outcome
        self.offsets = offsets
        self.survivors = survivors
        self.duration = duration
        self.processorTime = processorTime
        self.peakMemory = peakMemory
        self.memoryKills = memoryKills
    }
}

/// Why a command could not be started although the sandbox works.
public struct ExecStartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The shells' two kinds.
    public enum Reason: Sendable, Equatable {
        /// Exit status 127.
        case commandNotFound
        /// Exit status 126.
        case commandNotExecutable
    }
    public var reason: Reason
    public var message: String

    /// Creates a failure.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// 127 or 126.
    public var exitStatus: Int32 { reason == .commandNotFound ? ExitStatus.notFound : ExitStatus.notExecutable }
    /// The message.
    public var description: String { message }
}
