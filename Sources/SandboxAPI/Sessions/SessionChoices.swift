public import SandboxCore
public import SystemPackage

/// An `ImageChoice`: `{"kind": "default"}`, `{"kind": "root", "path": …}`, `{"kind": "reference", "name": …}`.
public enum ImageBody: Sendable, Codable, Equatable {
    case backendDefault
    case root(FilePath)
    case reference(String)

    private enum Kind: String, Codable {
        case `default`, root, reference
    }
    private enum Keys: String, CodingKey {
        case kind, path, name
    }

    /// Wraps a choice.
    public init(_ choice: ImageChoice) {
        switch choice {
        case .backendDefault: self = .backendDefault
        case .rootDirectory(let path): self = .root(path)
        case .reference(let name): self = .reference(name)
        }
    }

    /// The choice.
    public var choice: ImageChoice {
        switch self {
        case .backendDefault: .backendDefault
        case .root(let path): .rootDirectory(path)
        case .reference(let name): .reference(name)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .default: self = .backendDefault
        case .root: self = .root(try container.decode(WirePath.self, forKey: .path).path)
        case .reference: self = .reference(try container.decode(String.self, forKey: .name))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        switch self {
        case .backendDefault: try container.encode(Kind.default, forKey: .kind)
        case .root(let path):
            try container.encode(Kind.root, forKey: .kind)
            try container.encode(WirePath(path), forKey: .path)
        case .reference(let name):
            try container.encode(Kind.reference, forKey: .kind)
            try container.encode(name, forKey: .name)
        }
    }
}

/// A `WorkspaceChoice`: `{"kind": "private"}`, `{"kind": "mounted", "path": …, "readOnly": …}`, `{"kind": "synced", "path": …, …}`.
public enum WorkspaceBody: Sendable, Codable, Equatable {
    case `private`
    case mounted(FilePath, readOnly: Bool)
    case synced(WorkspaceSync)

    private enum Kind: String, Codable {
        case `private`, mounted, synced
    }
    private enum Keys: String, CodingKey {
        case kind, path, readOnly, direction, conflicts, mergeText, excludeDependencies, ignoreFiles, excludes, pullAfterExec, intervalMs
        case needsReview
    }

    /// Wraps a choice.
    public init(_ choice: WorkspaceChoice) {
        switch choice {
        case .private: self = .private
        case .mounted(let path, let readOnly): self = .mounted(path, readOnly: readOnly)
        case .synced(let sync): self = .synced(sync)
        }
    }

    /// The choice.
    public var choice: WorkspaceChoice {
        switch self {
        case .private: .private
        case .mounted(let path, let readOnly): .mounted(path, readOnly: readOnly)
        case .synced(let sync): .synced(sync)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .private: self = .private
        case .mounted:
            self = .mounted(
                try container.decode(WirePath.self, forKey: .path).path,
                readOnly: try container.decodeIfPresent(Bool.self, forKey: .readOnly) ?? false)
        case .synced: self = .synced(try Self.sync(container))
        }
    }

    private static func sync(_ container: KeyedDecodingContainer<Keys>) throws -> WorkspaceSync {
        var sync = WorkspaceSync(directory: try container.decode(WirePath.self, forKey: .path).path)
        func set<Value: Decodable>(_ key: Keys, _ field: WritableKeyPath<WorkspaceSync, Value>) throws {
            if let value = try container.decodeIfPresent(Value.self, forKey: key) { sync[keyPath: field] = value }
        }
        try set(.direction, \.direction)
        try set(.conflicts, \.conflicts)
        try set(.mergeText, \.mergesText)
        try set(.excludeDependencies, \.excludesDependencies)
        try set(.ignoreFiles, \.ignoreFiles)
        try set(.excludes, \.excludes)
        try set(.pullAfterExec, \.pullsAfterExec)
        try set(.needsReview, \.needsReview)
        sync.interval = try container.decodeIfPresent(Double.self, forKey: .intervalMs).map { try Milliseconds.duration($0, "intervalMs") }
        return sync
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        switch self {
        case .private: try container.encode(Kind.private, forKey: .kind)
        case .mounted(let path, let readOnly):
            try container.encode(Kind.mounted, forKey: .kind)
            try container.encode(WirePath(path), forKey: .path)
            try container.encode(readOnly, forKey: .readOnly)
        case .synced(let sync):
            try container.encode(Kind.synced, forKey: .kind)
            try container.encode(WirePath(sync.directory), forKey: .path)
            try container.encode(sync.direction, forKey: .direction)
            try container.encode(sync.conflicts, forKey: .conflicts)
            try container.encode(sync.mergesText, forKey: .mergeText)
            try container.encode(sync.excludesDependencies, forKey: .excludeDependencies)
            try container.encode(sync.ignoreFiles, forKey: .ignoreFiles)
            try container.encode(sync.excludes, forKey: .excludes)
            try container.encode(sync.pullsAfterExec, forKey: .pullAfterExec)
            try container.encodeIfPresent(sync.interval.map(Milliseconds.of), forKey: .intervalMs)
            try container.encode(sync.needsReview, forKey: .needsReview)
        }
    }
}

/// A `Mount`.
public struct MountBody: Sendable, Codable, Equatable {
    public var source: WirePath
    public var target: WirePath
    public var readOnly: Bool

    /// Wraps a mount.
    public init(_ mount: Mount) {
        source = WirePath(mount.source)
        target = WirePath(mount.target)
        readOnly = mount.readOnly
    }

    /// The mount.
    public var mount: Mount { Mount(source: source.path, target: target.path, readOnly: readOnly) }
}
