/// The messages about sandboxes and their sessions. Times are milliseconds since 1970, durations milliseconds, memory MiB.
enum VercelMessages {
    struct Resources: Codable, Sendable {
        var vcpus: Int?
        var memory: Int?
    }

    struct Source: Codable, Sendable {
        var type: String?
    }

    /// What a client wants of a network: one of two words, or rules.
    struct Network: Codable, Sendable {
        var mode: String?
    }

    struct Create: Codable, Sendable {
        var projectId: String?
        var name: String?
        var image: String?
        var runtime: String?
        var source: Source?
        var ports: [Int]?
        var timeout: Int64?
        var resources: Resources?
        var persistent: Bool?
        var networkPolicy: Network?
        var networkId: String?
        var env: [String: String]?
        var tags: [String: String]?
        var mounts: [String: [String: String]]?
        var region: String?
    }

    struct Update: Codable, Sendable {
        var timeout: Int64?
        var persistent: Bool?
        var env: [String: String]?
        var tags: [String: String]?
        var networkPolicy: Network?
        var ports: [Int]?
        var resources: Resources?
        var networkId: String?
        var mounts: [String: [String: String]]?
        var currentSnapshotId: String?
    }

    struct Duration: Codable, Sendable {
        var duration: Int64?
    }

    struct Sandbox: Codable, Sendable {
        var name: String
        var currentSessionId: String
        var status: String
        var persistent: Bool
        var image: String?
        var projectId: String?
        var cwd: String
        var region: String
        var vcpus: Int
        var memory: Int
        var timeout: Int64
        var networkPolicy: Network
        var statusUpdatedAt: Int64
        var createdAt: Int64
        var updatedAt: Int64
        var expiresAt: Int64?
        var tags: [String: String]
        var mounts: [String: [String: String]] = [:]
    }

    struct Session: Codable, Sendable {
        var id: String
        var status: String
        var sourceSandboxName: String
        var projectId: String?
        var cwd: String
        var region: String
        var vcpus: Int
        var memory: Int
        var timeout: Int64
        var networkPolicy: Network
        var requestedAt: Int64
        var startedAt: Int64
        var stoppedAt: Int64?
        var createdAt: Int64
        var updatedAt: Int64
    }

    struct Route: Codable, Sendable {
        var url: String
        var subdomain: String
        var port: Int
    }

    struct Whole: Codable, Sendable {
        var sandbox: Sandbox
        var session: Session
        var routes: [Route] = []
        var resumed: Bool
    }

    struct OfSandbox: Codable, Sendable {
        var sandbox: Sandbox
        var routes: [Route] = []
    }

    struct OfSession: Codable, Sendable {
        var session: Session
        var sandbox: Sandbox?
        var routes: [Route] = []
    }

    struct Pagination: Codable, Sendable {
        var count: Int
        var next: String?
    }

    struct Sandboxes: Codable, Sendable {
        var sandboxes: [Sandbox]
        var pagination: Pagination
    }

    struct Sessions: Codable, Sendable {
        var sessions: [Session]
        var pagination: Pagination
    }

    struct Snapshots: Codable, Sendable {
        var snapshots: [String] = []
        var pagination = Pagination(count: 0)
    }
}
