import GRDB
public import SandboxCore

/// An exec as it is stored.
public struct ExecRow: Sendable, Equatable {
    public var id: ExecID
    public var session: SessionID
    public var sandbox: SandboxID
    /// The engine that follows it.
    public var engine: String
    public var command: ExecRequest.Command
    public var directory: String?
    public var user: String?
    public var hasTerminal: Bool
    /// `starting`, `running`, `ended` or `refused`.
    public var state: String
    public var process: Int32?
    public var ending: ExecEnding?
    public var dropped: OutputOffsets
    public var failure: String?
    public var refusalStatus: Int32?
    public var startedAt: Int64
    public var endedAt: Int64?

    /// A row in the state `starting`.
    public init(
        id: ExecID, session: SessionID, sandbox: SandboxID, engine: String, command: ExecRequest.Command, directory: String?, user: String?,
        hasTerminal: Bool, startedAt: Int64
    ) {
        self.id = id
        self.session = session
        self.sandbox = sandbox
        self.engine = engine
        self.command = command
        self.directory = directory
        self.user = user
        self.hasTerminal = hasTerminal
        self.startedAt = startedAt
        state = "starting"
        dropped = .zero
    }

    init(_ row: Row) throws {
        let command: String = row["command"]
        let isShell: Bool = row["is_shell"]
        self.init(
            id: try ExecID(validating: row["id"]), session: try SessionID(validating: row["session"]),
            sandbox: try SandboxID(validating: row["sandbox"]), engine: row["engine"],
            command: isShell ? .shell(command) : .arguments(ArgumentText.split(command)), directory: row["directory"], user: row["user"],
            hasTerminal: row["terminal"], startedAt: row["started_at"])
        state = row["state"]
        process = row["process"]
        dropped = OutputOffsets(standardOutput: unsigned(row["dropped_stdout"]), standardError: unsigned(row["dropped_stderr"]))
        failure = row["failure"]
        refusalStatus = row["refusal"]
        endedAt = row["ended_at"]
        ending = try OutcomeColumns.ending(from: row)
    }
}

/// SQLite counts with a sign.
func unsigned(_ number: Int64) -> UInt64 { UInt64(clamping: number) }

/// An argument vector in one text; each argument is followed by an end mark, so that an empty one counts.
enum ArgumentText {
    /// Not a zero byte: SQLite's text ends there. Where an argument holds the mark, it is escaped.
    private static let end: Unicode.Scalar = "\u{1F}"

    static func join(_ arguments: [String]) -> String {
        var text = ""
        for argument in arguments {
            for scalar in argument.unicodeScalars {
                switch scalar {
                case "\\": text += "\\\\"
                case end: text += "\\e"
                default: text.unicodeScalars.append(scalar)
                }
            }
            text.unicodeScalars.append(end)
        }
        return text
    }

    static func split(_ text: String) -> [String] {
        text.unicodeScalars.split(separator: end, omittingEmptySubsequences: false).dropLast().map { argument in
            var plain = ""
            var isEscaped = false
            for scalar in argument {
                if isEscaped {
                    plain.unicodeScalars.append(scalar == "e" ? end : scalar)
                    isEscaped = false
                } else if scalar == "\\" {
                    isEscaped = true
                } else {
                    plain.unicodeScalars.append(scalar)
                }
            }
            return plain
        }
    }
}
