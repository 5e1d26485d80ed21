import Foundation

/// The messages about commands, terminals and files.
enum CommandMessages {
    struct Start: Codable, Sendable {
        var command: String?
        var args: [String]?
        var cwd: String?
        var env: [String: String]?
        var sudo: Bool?
        var wait: Bool?
        var logs: Bool?
        /// Milliseconds until it is killed.
        var timeout: Int64?
        var attachStdin: Bool?
    }

    struct Command: Encodable, Sendable {
        var id: String
        var name: String
        var args: [String]
        var cwd: String
        var sessionId: String
        var exitCode: Int32?
        var startedAt: Int64

        private enum CodingKeys: CodingKey {
            case id, name, args, cwd, sessionId, exitCode, startedAt
        }

        /// The code is always said, as null while there is none.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(name, forKey: .name)
            try container.encode(args, forKey: .args)
            try container.encode(cwd, forKey: .cwd)
            try container.encode(sessionId, forKey: .sessionId)
            try container.encode(exitCode, forKey: .exitCode)
            try container.encode(startedAt, forKey: .startedAt)
        }
    }

    struct OfCommand: Encodable, Sendable {
        var command: Command
        var bytesWritten: Int?
    }

    struct Commands: Encodable, Sendable {
        var commands: [Command]
    }

    struct Output: Encodable, Sendable {
        var stream: String
        var data: String
    }

    struct Broken: Encodable, Sendable {
        var stream = "error"
        var data: VercelFailure.Told
    }

    struct Kill: Codable, Sendable {
        var signal: Int32?
    }

    struct Input: Codable, Sendable {
        var data: Data?
        var offset: Int?
        var close: Bool?
    }

    struct Path: Codable, Sendable {
        var path: String?
        var cwd: String?
        var recursive: Bool?
    }

    struct Empty: Codable, Sendable {}

    struct Terminal: Codable, Sendable {
        var url: String
        var token: String
    }

    /// What a terminal's client says in a text message.
    struct TerminalRequest: Codable, Sendable {
        var type: String?
        var command: String?
        var args: [String]?
        var env: [String]?
        var cwd: String?
        var cols: UInt16?
        var rows: UInt16?
    }

    struct TerminalExit: Codable, Sendable {
        var type = "exit"
        var code: Int32?
    }
}
