public import SandboxCore
public import SandboxEngine

/// A backend: what it is, and whether it works here.
public struct BackendBody: Sendable, Codable, Equatable {
    public var id: BackendID
    public var name: String
    public var summary: String
    public var isolation: Isolation
    public var placement: BackendDescriptor.Placement
    /// Sorted.
    public var capabilities: [String]
    /// Never chosen automatically.
    public var onlyByName: Bool
    /// The keys of its settings, without values.
    public var settings: [SettingBody]
    public var available: Bool
    /// Facts for people, where it is available.
    public var details: [String: String]
    /// Why it is not available.
    public var reason: String?
    public var remedy: String?
    /// Milliseconds since 1970.
    public var probedAt: Int64

    /// One key of a backend's settings.
    public struct SettingBody: Sendable, Codable, Equatable {
        public var key: String
        /// `text`, `path`, `integer`, `boolean`, `choice`, `list`, `secret`.
        public var kind: String
        public var summary: String
        public var defaultText: String?
        public var minimum: Int?
        public var maximum: Int?
        public var choices: [String]?

        init(_ setting: SettingDescriptor) {
            key = setting.key
            summary = setting.summary
            defaultText = setting.defaultText
            switch setting.kind {
            case .text: kind = "text"
            case .path: kind = "path"
            case .integer(let minimum, let maximum):
                kind = "integer"
                self.minimum = minimum
                self.maximum = maximum
            case .boolean: kind = "boolean"
            case .choice(let words):
                kind = "choice"
                choices = words
            case .textList: kind = "list"
            case .secret: kind = "secret"
            }
        }
    }

    /// Tells a backend's status.
    public init(_ status: BackendStatus) {
        let descriptor = status.descriptor
        id = descriptor.id
        name = descriptor.name
        summary = descriptor.summary
        isolation = descriptor.isolation
        placement = descriptor.placement
        capabilities = descriptor.capabilities.map(\.rawValue).sorted()
        onlyByName = descriptor.onlyByName
        settings = descriptor.settings.map(SettingBody.init)
        probedAt = status.probedAt.milliseconds
        switch status.availability {
        case .available(let details):
            available = true
            self.details = details
        case .unavailable(let reason, let remedy):
            available = false
            details = [:]
            self.reason = reason
            self.remedy = remedy
        }
    }

    /// The descriptor, as far as the API tells it: without what is not known here.
    public var capabilitySet: Set<Capability> { Set(capabilities.compactMap(Capability.init(rawValue:))) }
}

/// All backends.
public struct BackendListBody: Sendable, Codable, Equatable {
    public var backends: [BackendBody]
    /// Creates a list.
    public init(backends: [BackendBody]) { self.backends = backends }
}

/// Whether the server can do its work.
public struct ReadinessBody: Sendable, Codable, Equatable {
    public var ready: Bool
    /// Backends that work here.
    public var backends: [BackendID]
    /// Creates an answer.
    public init(ready: Bool, backends: [BackendID]) {
        self.ready = ready
        self.backends = backends
    }
}

/// What is in use.
public struct UsageBody: Sendable, Codable, Equatable {
    /// Open sessions by state.
    public var sessions: [String: Int]
    public var runningExecs: Int
    /// Bytes below the data directory.
    public var dataBytes: UInt64
    /// Bytes left on its file system.
    public var freeBytes: UInt64
    /// Creates an answer.
    public init(sessions: [String: Int], runningExecs: Int, dataBytes: UInt64, freeBytes: UInt64) {
        self.sessions = sessions
        self.runningExecs = runningExecs
        self.dataBytes = dataBytes
        self.freeBytes = freeBytes
    }
}
