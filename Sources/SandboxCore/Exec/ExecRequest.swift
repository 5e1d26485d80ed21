public import SystemPackage

/// A command to run in a sandbox.
public struct ExecRequest: Sendable, Equatable {
    /// What to run. The seam takes argument vectors; a shell line is a request to run the sandbox's `/bin/sh`.
    public enum Command: Sendable, Equatable {
        case arguments([String])
        case shell(String)
    }

    /// Whether the command reads standard input from us.
    public enum Input: Sendable, Equatable {
        /// `/dev/null`.
        case none
        /// Whatever is written to the `RunningExec`.
        case stream
    }

    /// What happens to processes that the command leaves behind.
    public enum Survivors: String, Sendable, Codable, Equatable {
        /// They run until the exec is cancelled or the sandbox ends.
        case keep
        /// They are killed when the command has ended.
        case kill
    }

    public var id: ExecID
    public var command: Command
    /// Relative to the workspace; nil is the workspace.
    public var workingDirectory: FilePath?
    /// On top of the sandbox's environment.
    public var environment: [String: String]
    /// A user of the sandbox by name or number, perhaps `user:group`; nil is the sandbox's own.
    public var user: String?
    public var input: Input
    public var terminal: TerminalSize?
    /// After this the whole tree is killed and the outcome is `timedOut`; nil is never.
    public var timeout: Duration?
    /// Between SIGTERM and SIGKILL.
    public var killGrace: Duration
    /// How long output is awaited after the command has ended while a child still holds the stream open.
    public var drainGrace: Duration
    public var survivors: Survivors

    /// Creates a request.
    public init(
        _ command: Command, id: ExecID = .random(), workingDirectory: FilePath? = nil, environment: [String: String] = [:],
        user: String? = nil, input: Input = .none, terminal: TerminalSize? = nil, timeout: Duration? = nil,
        killGrace: Duration = .seconds(2), drainGrace: Duration = .milliseconds(250), survivors: Survivors = .keep
    ) {
        self.id = id
        self.command = command
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.user = user
        self.input = input
        self.terminal = terminal
        self.timeout = timeout
        self.killGrace = killGrace
        self.drainGrace = drainGrace
        self.survivors = survivors
    }

    /// The argument vector: a shell line becomes `/bin/sh -c LINE`.
    public var arguments: [String] {
        switch command {
        case .arguments(let list): list
        case .shell(let line): ["/bin/sh", "-c", line]
        }
    }
}

/// Columns and rows in character cells.
public struct TerminalSize: Sendable, Codable, Equatable {
    public var columns: UInt16
    public var rows: UInt16
    /// Creates a size.
    public init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }
}

/// A signal by number, as Linux counts.
public struct ExecSignal: Sendable, Hashable, CustomStringConvertible {
    /// 1 to 64.
    public let number: Int32

    /// Accepts 1 to 64.
    public init(number: Int32) throws {
        guard (1...64).contains(number) else {
            throw SandboxError(.invalidArgument, "\(number) is not a signal number", remedy: "use 1 to 64")
        }
        self.number = number
    }

    private init(known number: Int32) { self.number = number }

    private static let names: [(String, Int32)] = [
        ("HUP", 1), ("INT", 2), ("QUIT", 3), ("ILL", 4), ("TRAP", 5), ("ABRT", 6), ("BUS", 7), ("FPE", 8), ("KILL", 9), ("USR1", 10),
        ("SEGV", 11), ("USR2", 12), ("PIPE", 13), ("ALRM", 14), ("TERM", 15), ("CHLD", 17), ("CONT", 18), ("STOP", 19), ("TSTP", 20),
        ("TTIN", 21), ("TTOU", 22), ("URG", 23), ("XCPU", 24), ("XFSZ", 25), ("VTALRM", 26), ("PROF", 27), ("WINCH", 28), ("IO", 29),
        ("PWR", 30), ("SYS", 31),
    ]

    /// Reads `TERM`, `SIGTERM`, `term` or `15`.
    public init(parsing text: String) throws {
        if let number = Int32(text) {
            try self.init(number: number)
            return
        }
        let upper = text.uppercased()
        let bare = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        guard let known = Self.names.first(where: { $0.0 == bare }) else {
            throw SandboxError(.invalidArgument, "'\(text)' is not a signal", remedy: "use a name such as TERM or a number from 1 to 64")
        }
        self.init(known: known.1)
    }

    /// `SIGTERM`, or `signal 40` where there is no name.
    public var description: String {
        Self.names.first { $0.1 == number }.map { "SIG" + $0.0 } ?? "signal \(number)"
    }

    public static let hangUp = ExecSignal(known: 1)
    public static let interrupt = ExecSignal(known: 2)
    public static let kill = ExecSignal(known: 9)
    public static let terminate = ExecSignal(known: 15)
}
