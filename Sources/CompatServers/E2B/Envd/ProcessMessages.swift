import Foundation

/// The messages of `process.Process`, in proto3's JSON: numbers that are zero and texts that are empty may be missing.
enum ProcessMessages {
    struct Config: Codable, Sendable {
        var cmd: String?
        var args: [String]?
        var envs: [String: String]?
        var cwd: String?
    }

    struct Size: Codable, Sendable {
        var cols: UInt32?
        var rows: UInt32?
    }

    struct Terminal: Codable, Sendable {
        var size: Size?
    }

    struct StartRequest: Codable, Sendable {
        var process: Config?
        var pty: Terminal?
        var tag: String?
        var stdin: Bool?
    }

    struct Selector: Codable, Sendable {
        var pid: Int32?
        var tag: String?
    }

    struct Selected: Codable, Sendable {
        var process: Selector?
    }

    struct Input: Codable, Sendable {
        var stdin: Data?
        var pty: Data?
    }

    struct InputRequest: Codable, Sendable {
        var process: Selector?
        var input: Input?
    }

    /// A message of the client's input stream.
    struct InputEvent: Codable, Sendable {
        struct Start: Codable, Sendable {
            var process: Selector?
        }
        struct Content: Codable, Sendable {
            var input: Input?
        }
        var start: Start?
        var data: Content?
    }

    struct SignalRequest: Codable, Sendable {
        var process: Selector?
        var signal: String?
    }

    struct UpdateRequest: Codable, Sendable {
        var process: Selector?
        var pty: Terminal?
    }

    struct Info: Codable, Sendable {
        var config: Config
        var pid: Int32
        var tag: String?
    }

    struct List: Codable, Sendable {
        var processes: [Info]
    }

    /// What a stream of a process says.
    struct Event: Codable, Sendable {
        struct Start: Codable, Sendable {
            var pid: Int32
        }
        struct Content: Codable, Sendable {
            var stdout: Data?
            var stderr: Data?
            var pty: Data?
        }
        struct End: Codable, Sendable {
            var exitCode: Int32?
            var exited: Bool?
            var status: String
            var error: String?
        }
        struct Nothing: Codable, Sendable {}
        struct Kind: Codable, Sendable {
            var start: Start?
            var data: Content?
            var end: End?
            var keepalive: Nothing?
        }
        var event: Kind

        static let keepalive = Event(event: Kind(keepalive: Nothing()))
    }

    struct Empty: Codable, Sendable {}
}
