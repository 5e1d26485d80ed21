/// The messages of Daytona's API and of its sandboxes' toolbox. Fields that we do not need are left out.
enum DaytonaMessage {
    struct Create: Encodable, Sendable {
        var name: String
        var snapshot: String?
        var target: String?
        var env: [String: String] = [:]
        var labels: [String: String]
        var `public` = false
        var networkBlockAll: Bool
        /// Minutes without activity.
        var autoStopInterval: Int64
        /// Minutes after the stop: at once.
        var autoDeleteInterval: Int64 = 0
    }

    struct Sandbox: Decodable, Sendable {
        var id: String
        var state: String?
        var errorReason: String?
        var labels: [String: String]?
        var toolboxProxyUrl: String?
        var autoStopInterval: Double?
    }

    struct Page: Decodable, Sendable {
        var items: [Sandbox]
        var nextCursor: String?
    }

    struct Execute: Encodable, Sendable {
        var command: String
        /// Seconds.
        var timeout: Int64
    }

    struct Executed: Decodable, Sendable {
        var exitCode: Int32?
        var result: String?
    }

    struct Session: Encodable, Sendable {
        var sessionId: String
    }

    struct SessionExecute: Encodable, Sendable {
        var command: String
        var runAsync = true
        var suppressInputEcho = true
    }

    struct SessionExecuted: Decodable, Sendable {
        var cmdId: String
    }

    struct Command: Decodable, Sendable {
        var exitCode: Int32?
    }

    struct Logs: Decodable, Sendable {
        var stdout: String?
        var stderr: String?
    }

    struct Input: Encodable, Sendable {
        var data: String
    }
}
