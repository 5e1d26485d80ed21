public import SandboxCore

/// What `POST /v1/sessions/{session}/execs` takes: `arguments` or `shell`, and how the answer comes.
public struct ExecCreation: RequestBody, Encodable, Equatable {
    /// How the answer comes.
    public enum Mode: String, Sendable, Codable, CaseIterable {
        /// When the command has ended, with its output.
        case wait
        /// As soon as it runs; output is asked for separately.
        case background
        /// As a stream of events, NDJSON or server-sent events as `Accept` says. A reader that stops reading stalls the command.
        case stream
    }

    /// Chosen by the client; the same id never runs twice. Left out, the server chooses one.
    public var id: ExecID?
    public var arguments: [String]?
    public var shell: String?
    public var directory: WirePath?
    public var environment: [String: String]?
    public var user: String?
    /// Standard input comes later, by the exec's `stdin`; false is `/dev/null`, unless `stdin` is given.
    public var input: Bool?
    /// All of standard input at once.
    public var stdin: WireBytes?
    public var terminal: TerminalSize?
    public var timeoutMs: Double?
    public var killGraceMs: Double?
    public var drainGraceMs: Double?
    public var survivors: ExecRequest.Survivors?
    public var mode: Mode?
    /// Bytes of each stream in the answer of mode `wait`; what is beyond stays readable by offset. At most 4 MiB.
    public var outputLimit: Int?

    /// Creates a command that follows a request of the seam.
    public init(_ request: ExecRequest, mode: Mode) {
        id = request.id
        switch request.command {
        case .arguments(let list): arguments = list
        case .shell(let line): shell = line
        }
        directory = request.workingDirectory.map { WirePath($0) }
        environment = request.environment
        user = request.user
        input = request.input == .stream
        terminal = request.terminal
        timeoutMs = request.timeout.map(Milliseconds.of)
        killGraceMs = Milliseconds.of(request.killGrace)
        drainGraceMs = Milliseconds.of(request.drainGrace)
        survivors = request.survivors
        self.mode = mode
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id, arguments, shell, directory, environment, user, input, stdin, terminal, timeoutMs, killGraceMs, drainGraceMs, survivors
        case mode, outputLimit
    }

    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The seam's request; `generated` is the id where the client named none.
    public func request(generated: ExecID) throws -> ExecRequest {
        let command: ExecRequest.Command
        switch (arguments, shell) {
        case (let list?, nil) where !list.isEmpty: command = .arguments(list)
        case (nil, let line?): command = .shell(line)
        default:
            throw SandboxError(
                .invalidArgument, "a command is given as 'arguments' (at least one) or as 'shell'", remedy: "give exactly one of them")
        }
        try checkText()
        var request = ExecRequest(command, id: id ?? generated, workingDirectory: directory?.path, environment: environment ?? [:])
        request.user = user
        request.input = input == true || stdin != nil ? .stream : .none
        request.terminal = terminal
        if let terminal, terminal.columns == 0 || terminal.rows == 0 {
            throw SandboxError(.invalidArgument, "a terminal has at least one column and one row", remedy: "give both")
        }
        request.timeout = try timeoutMs.map { try Milliseconds.duration($0, "timeoutMs") }
        if let killGraceMs { request.killGrace = try Milliseconds.duration(killGraceMs, "killGraceMs") }
        if let drainGraceMs { request.drainGrace = try Milliseconds.duration(drainGraceMs, "drainGraceMs") }
        request.survivors = survivors ?? .keep
        return request
    }

    /// A NUL ends a text in the kernel: what follows it would be dropped in silence.
    private func checkText() throws {
        let texts = (arguments ?? []) + [shell, user].compactMap { $0 } + (environment ?? [:]).flatMap { [$0.key, $0.value] }
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw SandboxError(.invalidArgument, "the command, its user or its environment holds a NUL character", remedy: "leave it out")
        }
        guard !(environment ?? [:]).keys.contains(where: { $0.isEmpty || $0.contains("=") }) else {
            throw SandboxError(.invalidArgument, "a name of the environment is empty or holds '='", remedy: "give plain names")
        }
    }
}

/// What `POST …/signal` takes.
public struct SignalBody: RequestBody, Encodable, Equatable {
    /// A name such as `TERM`, or a number.
    public var signal: String
    /// Every process that descends from the command, not the command alone.
    public var tree: Bool?

    /// Creates a wish.
    public init(signal: ExecSignal, tree: Bool) {
        self.signal = String(signal.number)
        self.tree = tree
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case signal, tree
    }

    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What `POST …/resize` takes.
public struct ResizeBody: RequestBody, Encodable, Equatable {
    public var columns: UInt16
    public var rows: UInt16

    /// Creates a wish.
    public init(_ size: TerminalSize) {
        columns = size.columns
        rows = size.rows
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case columns, rows
    }

    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The size. Throws for a terminal without extent.
    public func size() throws -> TerminalSize {
        guard columns > 0, rows > 0 else {
            throw SandboxError(.invalidArgument, "a terminal has at least one column and one row", remedy: "give both")
        }
        return TerminalSize(columns: columns, rows: rows)
    }
}
