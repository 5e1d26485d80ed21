public import SandboxCore
public import SandboxEngine

/// An exec as the API tells it. Times are milliseconds since 1970; environment and input are never part of it.
public struct ExecBody: Sendable, Codable, Equatable {
    public var id: ExecID
    public var session: SessionID
    public var arguments: [String]?
    public var shell: String?
    public var directory: WirePath?
    public var user: String?
    public var terminal: Bool
    public var state: ExecState
    /// As the sandbox counts.
    public var process: Int32?
    /// Bytes that can be read, per stream: one past the last one.
    public var available: OffsetsBody
    /// Bytes of each stream that are not on disk.
    public var dropped: OffsetsBody
    public var ending: EndingBody?
    /// Why it never ran.
    public var failure: String?
    public var startedAt: Int64
    public var endedAt: Int64?

    /// Tells a record; `available` is how far its output reaches.
    public init(_ record: ExecRecord, available: OutputOffsets) {
        id = record.id
        session = record.session
        switch record.command {
        case .arguments(let list): arguments = list
        case .shell(let line): shell = line
        }
        directory = record.workingDirectory.map { WirePath($0) }
        user = record.user
        terminal = record.hasTerminal
        state = record.state
        process = record.processID
        self.available = OffsetsBody(available)
        dropped = OffsetsBody(record.dropped)
        ending = record.ending.map(EndingBody.init)
        failure = record.failure
        startedAt = record.startedAt.milliseconds
        endedAt = record.endedAt?.milliseconds
    }
}

/// A position in each stream.
public struct OffsetsBody: Sendable, Codable, Equatable {
    public var stdout: UInt64
    public var stderr: UInt64

    /// Wraps offsets.
    public init(_ offsets: OutputOffsets) {
        stdout = offsets.standardOutput
        stderr = offsets.standardError
    }

    /// The offsets.
    public var offsets: OutputOffsets { OutputOffsets(standardOutput: stdout, standardError: stderr) }
}

/// A page of execs; `next` goes into `after` to get the following one.
public struct ExecPage: Sendable, Codable, Equatable {
    public var execs: [ExecBody]
    public var next: ExecID?

    /// Creates a page.
    public init(execs: [ExecBody], next: ExecID?) {
        self.execs = execs
        self.next = next
    }
}

/// The answer of mode `wait`.
public struct ExecResultBody: Sendable, Codable, Equatable {
    public var exec: ExecBody
    public var stdout: WireBytes
    public var stderr: WireBytes
    /// Bytes of each stream that are not in this answer; they are readable by offset unless `exec.dropped` counts them.
    public var omitted: OffsetsBody

    /// Creates an answer.
    public init(exec: ExecBody, stdout: WireBytes, stderr: WireBytes, omitted: OffsetsBody) {
        self.exec = exec
        self.stdout = stdout
        self.stderr = stderr
        self.omitted = omitted
    }
}
