/// Where output goes.
public enum OutputChannel: String, Sendable, Codable, CaseIterable {
    case standardOutput = "stdout"
    case standardError = "stderr"
}

/// A position in each stream, in bytes from the start of the exec. A terminal's merged stream counts as standard output.
public struct OutputOffsets: Sendable, Codable, Equatable {
    public var standardOutput: UInt64
    public var standardError: UInt64
    /// Creates offsets.
    public init(standardOutput: UInt64 = 0, standardError: UInt64 = 0) {
        self.standardOutput = standardOutput
        self.standardError = standardError
    }
    /// The start.
    public static let zero = OutputOffsets()

    /// One stream's position.
    public subscript(channel: OutputChannel) -> UInt64 {
        get { channel == .standardOutput ? standardOutput : standardError }
        set {
            if channel == .standardOutput { standardOutput = newValue } else { standardError = newValue }
        }
    }
}

/// A piece of output.
public struct OutputChunk: Sendable, Equatable {
    public var channel: OutputChannel
    /// Of the first byte.
    public var offset: UInt64
    public var bytes: [UInt8]
    /// Creates a chunk.
    public init(channel: OutputChannel, offset: UInt64, bytes: [UInt8]) {
        self.channel = channel
        self.offset = offset
        self.bytes = bytes
    }
}

/// What a running exec tells, in order. `ended` is the last.
public enum ExecEvent: Sendable, Equatable {
    case output(OutputChunk)
    case ended(ExecEnding)
}

/// A single-pass sequence of events with back-pressure: asking for the next event releases the one before, and a reader that stops asking
/// stalls the command, nobody else.
public struct ExecEvents: AsyncSequence, Sendable {
    public typealias Element = ExecEvent

    private let pull: @Sendable () async throws -> ExecEvent?

    /// Wraps a function that returns the next event, or nil after `ended`.
    public init(_ pull: @escaping @Sendable () async throws -> ExecEvent?) { self.pull = pull }

    /// Walks the events.
    public struct Iterator: AsyncIteratorProtocol {
        let pull: @Sendable () async throws -> ExecEvent?
        /// The next event; nil after `ended`.
        public mutating func next() async throws -> ExecEvent? { try await pull() }
    }

    /// One iterator; a second one continues where the first is.
    public func makeAsyncIterator() -> Iterator { Iterator(pull: pull) }
}

/// A command that was started. Letting go of the value detaches; only `cancel` ends the command.
public protocol RunningExec: Sendable {
    var id: ExecID { get }
    /// As the sandbox counts; nil where unknown (an exec that was attached to).
    var processID: Int32? { get }
    /// Output and the end. When the sandbox dies the last event is `ended` with `.lost`; a broken channel to a living sandbox throws
    /// `unavailable`, and `Sandbox.attach` goes on from the last offset.
    var events: ExecEvents { get }
    /// Writes to standard input; returns when the bytes are on their way, waits while the command does not read. What a command that has ended
    /// or has closed its input will never read is dropped, or refused with `conflict`.
    func write(_ bytes: [UInt8]) async throws
    /// Ends standard input.
    func closeInput() async throws
    /// Signals the command itself.
    func signal(_ signal: ExecSignal) async throws
    /// Changes the terminal's size; `unsupported` without a terminal.
    func resize(_ size: TerminalSize) async throws
    /// SIGTERM, grace, SIGKILL to the whole tree. The end comes as an event. After the end it does nothing, at no cost.
    func cancel() async throws
    /// Stops listening without touching the command.
    func detach() async
}

/// An exec as its sandbox knows it.
public struct ExecSnapshot: Sendable, Equatable {
    public var id: ExecID
    public var processID: Int32
    /// The bytes that can still be read, per stream.
    public var standardOutput: Range<UInt64>
    public var standardError: Range<UInt64>
    public var hasTerminal: Bool
    /// Nil while it runs.
    public var ending: ExecEnding?
    /// Creates a snapshot.
    public init(
        id: ExecID, processID: Int32, standardOutput: Range<UInt64>, standardError: Range<UInt64>, hasTerminal: Bool, ending: ExecEnding?
    ) {
        self.id = id
        self.processID = processID
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.hasTerminal = hasTerminal
        self.ending = ending
    }
}
