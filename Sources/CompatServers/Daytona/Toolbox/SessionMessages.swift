/// The messages about sessions and terminals.
enum SessionMessages {
    struct Create: Codable, Sendable {
        var sessionId: String?
    }

    struct Execute: Codable, Sendable {
        var command: String?
        var runAsync: Bool?
        var async: Bool?
        var suppressInputEcho: Bool?
    }

    struct Executed: Codable, Sendable {
        var cmdId: String
        var output: String?
        var stdout: String?
        var stderr: String?
        var exitCode: Int32?
    }

    struct Command: Codable, Sendable {
        var id: String
        var command: String
        var exitCode: Int32?
    }

    struct Session: Codable, Sendable {
        var sessionId: String
        var commands: [Command]
    }

    struct Logs: Codable, Sendable {
        var output: String
        var stdout: String
        var stderr: String
    }

    struct Input: Codable, Sendable {
        var data: String?
    }

    struct TerminalRequest: Codable, Sendable {
        var id: String?
        var cwd: String?
        var envs: [String: String]?
        var cols: UInt16?
        var rows: UInt16?
        var lazyStart: Bool?
    }

    struct TerminalCreated: Codable, Sendable {
        var sessionId: String
    }

    struct Terminal: Codable, Sendable {
        var id: String
        var active: Bool
        var cwd: String
        var envs: [String: String]
        var cols: UInt16
        var rows: UInt16
        var createdAt: String
        var lazyStart = false
    }

    struct Terminals: Codable, Sendable {
        var sessions: [Terminal]
    }

    /// What is said beside a terminal's output.
    struct Control: Codable, Sendable {
        var type = "control"
        var status: String
        var exitCode: Int32?
        var exitReason: String?
        var error: String?
    }

    /// Why a terminal's socket was closed.
    struct Exit: Codable, Sendable {
        var exitCode: Int32
        var exitReason: String?
    }
}
