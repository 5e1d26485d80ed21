/// The messages of Vercel's API. Times are milliseconds. Fields that we do not need are left out.
enum VercelMessage {
    struct Create: Encodable, Sendable {
        struct Policy: Encodable, Sendable {
            var mode: String
        }
        var name: String
        var projectId: String
        var image: String?
        var runtime: String?
        var region: String?
        var timeout: Int64
        /// Else each stop makes a snapshot that is paid for, and looking at a stopped one starts it again.
        var persistent = false
        var networkPolicy: Policy
        var tags: [String: String]
    }

    struct Sandbox: Decodable, Sendable {
        var name: String
        var currentSessionId: String?
        var status: String?
        var tags: [String: String]?
        var expiresAt: Double?
    }

    struct Session: Decodable, Sendable {
        var id: String
        var status: String?
        var startedAt: Double?
        var createdAt: Double?
        var timeout: Double?
    }

    struct Whole: Decodable, Sendable {
        var sandbox: Sandbox
        var session: Session?
    }

    struct SessionAnswer: Decodable, Sendable {
        var session: Session
    }

    struct Page: Decodable, Sendable {
        struct Pagination: Decodable, Sendable {
            var next: Cursor?
        }
        /// A text or a number.
        struct Cursor: Decodable, Sendable {
            var text: String
            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let text = try? value.decode(String.self) { self.text = text } else { text = "\(try value.decode(Int64.self))" }
            }
        }
        var sandboxes: [Sandbox]
        var pagination: Pagination?
    }

    struct Duration: Encodable, Sendable {
        var duration: Int64
    }

    struct Nothing: Encodable, Sendable {}

    struct Start: Encodable, Sendable {
        var command: String
        var args: [String]
        var sudo = false
        var wait: Bool?
        var logs: Bool?
        var timeout: Int64?
        var attachStdin: Bool?
    }

    struct Command: Decodable, Sendable {
        var id: String
        var exitCode: Int32?
    }

    struct CommandAnswer: Decodable, Sendable {
        var command: Command
    }

    /// A line of a command's stream: its begin or end, or what it said.
    struct Record: Decodable, Sendable {
        struct Failure: Decodable, Sendable {
            var code: String?
            var message: String?
        }
        var command: Command?
        var stream: String?
        /// Text of the command, or a failure of the stream.
        var text: String?
        var failure: Failure?

        private enum Keys: String, CodingKey { case command, stream, data }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Keys.self)
            command = try fields.decodeIfPresent(Command.self, forKey: .command)
            stream = try fields.decodeIfPresent(String.self, forKey: .stream)
            if stream == "error" {
                failure = try fields.decodeIfPresent(Failure.self, forKey: .data)
            } else {
                text = try fields.decodeIfPresent(String.self, forKey: .data)
            }
        }
    }

    struct Input: Encodable, Sendable {
        /// Base 64.
        var data: String
        var offset: Int
    }

    struct Signal: Encodable, Sendable {
        var signal = 9
    }
}
