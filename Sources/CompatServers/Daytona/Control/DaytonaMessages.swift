import SandboxCore
import SandboxEngine

/// The control plane's messages.
enum DaytonaMessages {
    struct BuildInfo: Codable, Sendable {
        var dockerfileContent: String?
        var contextHashes: [String]?
    }

    struct Volume: Codable, Sendable {
        var volumeId: String?
        var mountPath: String?
    }

    /// Intervals are minutes; processors are cores; memory and disk are GiB.
    struct Create: Codable, Sendable {
        var name: String?
        var snapshot: String?
        var user: String?
        var env: [String: String]?
        var labels: [String: String]?
        var `public`: Bool?
        var networkBlockAll: Bool?
        var networkAllowList: String?
        var domainAllowList: String?
        var outboundProxyUrl: String?
        var target: String?
        var cpu: Int?
        var gpu: Int?
        var memory: Int?
        var disk: Int?
        var autoStopInterval: Int?
        var autoPauseInterval: Int?
        var autoArchiveInterval: Int?
        var autoDeleteInterval: Int?
        var ttlMinutes: Int?
        var volumes: [Volume]?
        var buildInfo: BuildInfo?
        var linkedSandbox: String?
        var secrets: [[String: String]]?
        var kvm: Bool?
    }

    struct Labels: Codable, Sendable {
        var labels: [String: String]
    }

    struct Sandbox: Codable, Sendable {
        var id: String
        var organizationId: String
        var name: String
        var snapshot: String?
        var user: String
        var env: [String: String]
        var labels: [String: String]
        var `public` = false
        var networkBlockAll: Bool
        var kvm = false
        var target: String
        var cpu: Int
        var gpu: Int
        var memory: Int
        var disk: Int
        var state: String
        var desiredState: String
        var errorReason: String?
        var autoStopInterval: Int
        var autoArchiveInterval = 0
        var autoDeleteInterval: Int
        var autoDestroyAt: String?
        var volumes: [Volume] = []
        var createdAt: String
        var updatedAt: String
        var lastActivityAt: String
        var sandboxClass = "container"
        var toolboxProxyUrl: String
    }

    struct Page: Encodable, Sendable {
        var items: [Sandbox]
        var nextCursor: String?

        private enum CodingKeys: CodingKey {
            case items, nextCursor
        }

        /// The cursor is always said, as null at the end: clients require it.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(items, forKey: .items)
            try container.encode(nextCursor, forKey: .nextCursor)
        }
    }

    struct Address: Codable, Sendable {
        var url: String
    }

    /// The words for a sandbox's state that this server uses.
    enum State: String, Sendable {
        case started, stopped, destroyed, error
    }
}
