/// Where the bytes of an exec went.
public enum OutputStream: UInt8, CaseIterable, Sendable {
    case standardOutput = 1
    case standardError = 2
    /// The master side of a pseudo-terminal, which has one merged stream.
    case terminal = 3
}

/// What the guest does when a stream's ring is full of bytes that no host has acknowledged.
public enum OverflowPolicy: UInt8, Sendable {
    /// Stops reading; the command blocks on its write until a host acknowledges. Nothing is lost.
    case stall = 0
    /// Drops the oldest bytes; offsets go on counting, so a reader sees how much it missed. For terminals.
    case discardOldest = 1
}

/// Columns and rows of a terminal.
public struct WindowSize: Equatable, Sendable {
    public var columns: UInt16
    public var rows: UInt16
    /// Creates a size in character cells.
    public init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }
}

/// The host's order to start a command.
public struct ExecStart: Equatable, Sendable {
    /// Chosen by the host, at most 64 bytes; a second start with an id that the guest has seen is refused, so no command runs twice.
    public var id: String
    /// Program and arguments; the program is looked up in the request's `PATH` when it has no slash.
    public var arguments: [[UInt8]]
    /// The whole environment, `NAME=value` each. Nothing is inherited.
    public var environment: [[UInt8]]
    /// Absolute; empty means the guest's default.
    public var workingDirectory: [UInt8]
    /// A name of the sandbox's user database, or a number, or `user:group`; empty keeps the guest's own.
    public var user: [UInt8]
    /// A pseudo-terminal instead of three pipes.
    public var terminal: WindowSize?
    /// False: standard input is `/dev/null`.
    public var hasInput: Bool
    /// Milliseconds until the tree is terminated; 0 means never.
    public var timeout: UInt64
    /// Milliseconds between SIGTERM and SIGKILL.
    public var killGrace: UInt32
    /// Milliseconds that output is awaited after the leader's exit while a child still holds the stream open.
    public var drainGrace: UInt32
    /// Bytes that the guest keeps per stream until they are acknowledged.
    public var ringCapacity: UInt32
    public var overflow: OverflowPolicy
    /// True: what the leader leaves behind is killed when it exits. False: it lives on until the exec is cancelled or the sandbox ends.
    public var killsSurvivors: Bool

    /// Creates an order with the defaults that a plain command wants.
    public init(
        id: String, arguments: [[UInt8]], environment: [[UInt8]] = [], workingDirectory: [UInt8] = [], user: [UInt8] = [],
        terminal: WindowSize? = nil, hasInput: Bool = false, timeout: UInt64 = 0, killGrace: UInt32 = 2000,
        drainGrace: UInt32 = 250, ringCapacity: UInt32 = 1 << 20, overflow: OverflowPolicy = .stall, killsSurvivors: Bool = false
    ) {
        self.id = id
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.terminal = terminal
        self.hasInput = hasInput
        self.timeout = timeout
        self.killGrace = killGrace
        self.drainGrace = drainGrace
        self.ringCapacity = ringCapacity
        self.overflow = overflow
        self.killsSurvivors = killsSurvivors
    }
}

/// How a command ended, as the kernel told it.
public enum GuestOutcome: Equatable, Sendable {
    case exited(code: Int32)
    case signaled(number: Int32, coreDumped: Bool)
    /// The deadline of the request came first; the tree was killed.
    case timedOut
    /// A host cancelled it; the tree was killed.
    case cancelled
    /// The guest cannot tell (its supervisor for this command was killed).
    case lost
}

/// The end of an exec and the figures that belong to it.
public struct ExecEnd: Equatable, Sendable {
    public var outcome: GuestOutcome
    /// One past the last byte of each stream. For a terminal `standardOutputEnd` counts the terminal.
    public var standardOutputEnd: UInt64
    public var standardErrorEnd: UInt64
    /// Processes that the command left running.
    public var survivors: UInt32
    /// Microseconds from start to the leader's end.
    public var duration: UInt64
    /// Microseconds of processor time of the leader and its reaped children.
    public var processorTime: UInt64
    /// Largest resident set in KiB.
    public var peakMemory: UInt64
    /// Processes of the sandbox that the kernel killed for want of memory from the start to the leader's end; nil where the guest cannot see.
    public var memoryKills: UInt32?

    /// Creates a report.
    public init(
        outcome: GuestOutcome, standardOutputEnd: UInt64, standardErrorEnd: UInt64, survivors: UInt32, duration: UInt64,
        processorTime: UInt64, peakMemory: UInt64, memoryKills: UInt32? = nil
    ) {
        self.outcome = outcome
        self.standardOutputEnd = standardOutputEnd
        self.standardErrorEnd = standardErrorEnd
        self.survivors = survivors
        self.duration = duration
        self.processorTime = processorTime
        self.peakMemory = peakMemory
        self.memoryKills = memoryKills
    }
}

/// One exec as the guest knows it. Ended execs are remembered until the host forgets them (bounded: the oldest go first).
public struct ExecStatus: Equatable, Sendable {
    public var id: String
    /// As the sandbox counts.
    public var pid: Int32
    /// The bytes that a reader can still ask for: first and one past last, per stream.
    public var standardOutput: Range<UInt64>
    public var standardError: Range<UInt64>
    public var hasTerminal: Bool
    /// Milliseconds since it started.
    public var age: UInt64
    /// Nil while it runs.
    public var end: ExecEnd?

    /// Creates a status.
    public init(
        id: String, pid: Int32, standardOutput: Range<UInt64>, standardError: Range<UInt64>, hasTerminal: Bool, age: UInt64, end: ExecEnd?
    ) {
        self.id = id
        self.pid = pid
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.hasTerminal = hasTerminal
        self.age = age
        self.end = end
    }
}
