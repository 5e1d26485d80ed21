// The names are those of the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Foundation

/// The messages of E2B's control plane and of its sandboxes' daemon. Fields that we do not need are left out.
enum E2BMessage {
    struct Create: Encodable, Sendable {
        var templateID: String
        /// Seconds.
        var timeout: Int64
        var autoPause = false
        var allow_internet_access: Bool
        var metadata: [String: String]
    }

    struct Made: Decodable, Sendable {
        var sandboxID: String
        var envdAccessToken: String?
        var domain: String?
    }

    struct Detail: Decodable, Sendable {
        var sandboxID: String
        var state: String?
        var endAt: String?
        var metadata: [String: String]?
    }

    struct Timeout: Encodable, Sendable {
        /// Seconds.
        var timeout: Int64
    }

    struct Start: Encodable, Sendable {
        struct Process: Encodable, Sendable {
            var cmd: String
            var args: [String]
            var envs: [String: String] = [:]
        }
        var process: Process
        var stdin: Bool
        var tag: String?
    }

    struct Selector: Codable, Sendable {
        var pid: UInt32?
    }

    struct Input: Encodable, Sendable {
        struct Content: Encodable, Sendable {
            var stdin: Data
        }
        var process: Selector
        var input: Content
    }

    struct Signal: Encodable, Sendable {
        var process: Selector
        var signal = "SIGNAL_SIGKILL"
    }

    struct Running: Decodable, Sendable {
        var processes: [Selector]?
    }

    /// What a process's stream says. What is zero or empty may be missing.
    struct Event: Decodable, Sendable {
        struct Start: Decodable, Sendable {
            var pid: UInt32?
        }
        struct Content: Decodable, Sendable {
            var stdout: Data?
            var stderr: Data?
        }
        struct End: Decodable, Sendable {
            var exitCode: Int32?
            var status: String?
        }
        struct Kind: Decodable, Sendable {
            var start: Start?
            var data: Content?
            var end: End?
        }
        var event: Kind
    }

    /// How a stream ends.
    struct Trailer: Decodable, Sendable {
        struct Failure: Decodable, Sendable {
            var code: String?
            var message: String?
        }
        var error: Failure?
    }
}
