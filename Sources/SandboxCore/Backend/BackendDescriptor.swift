/// What a backend is. Every list, form and document about backends is drawn from this value; nobody else names a backend.
public struct BackendDescriptor: Sendable, Codable, Equatable {
    /// Where sandboxes of a backend live.
    public enum Placement: String, Sendable, Codable {
        case local
        case cloud
    }

    public var id: BackendID
    /// As shown to people: "bubblewrap".
    public var name: String
    /// One sentence.
    public var summary: String
    public var isolation: Isolation
    public var placement: Placement
    public var capabilities: Set<Capability>
    /// True for backends that are never chosen automatically.
    public var onlyByName: Bool
    /// The keys of `[backends.<id>]`.
    public var settings: [SettingDescriptor]

    /// Creates a descriptor.
    public init(
        id: BackendID, name: String, summary: String, isolation: Isolation, placement: Placement, capabilities: Set<Capability>,
        onlyByName: Bool = false, settings: [SettingDescriptor] = []
    ) {
        self.id = id
        self.name = name
        self.summary = summary
        self.isolation = isolation
        self.placement = placement
        self.capabilities = capabilities
        self.onlyByName = onlyByName
        self.settings = settings
    }
}

/// One key of a settings scope: enough to validate a file, draw a form and write a reference.
public struct SettingDescriptor: Sendable, Codable, Equatable {
    /// The type of the key's value.
    public enum Kind: Sendable, Codable, Equatable {
        case text
        case path
        case integer(minimum: Int?, maximum: Int?)
        case boolean
        /// One of these words.
        case choice([String])
        case textList
        /// Text that is never shown; in the file it is a reference.
        case secret
    }

    /// The key in its scope: `bwrap_path`.
    public var key: String
    public var kind: Kind
    /// One sentence.
    public var summary: String
    /// The default as it would be written in the file; nil when there is none.
    public var defaultText: String?
    /// Environment variables that set it, besides `SANDLOT_…`.
    public var aliases: [String]

    /// Creates a descriptor.
    public init(key: String, kind: Kind, summary: String, defaultText: String? = nil, aliases: [String] = []) {
        self.key = key
        self.kind = kind
        self.summary = summary
        self.defaultText = defaultText
        self.aliases = aliases
    }
}
