public import SandboxCore
public import SandboxEngine

/// What `PUT /v1/images/default` takes.
public struct ImageDefaultChange: RequestBody, Encodable, Equatable {
    /// A reference, `@core`, `@mine`; where it is left out the settings decide again.
    public var image: String?
    /// Only of this backend; of all where it is left out.
    public var backend: BackendID?

    /// Creates a change.
    public init(image: String?, backend: BackendID? = nil) {
        self.image = image
        self.backend = backend
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case image, backend }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What `POST /v1/images/prune` takes. Without an age those that were not used for 30 days.
public struct ImagePruneWish: RequestBody, Encodable, Equatable {
    public var backend: BackendID?
    public var olderThanMs: Double?
    public var unusedForMs: Double?
    /// Tells what would be removed, and removes nothing.
    public var dryRun: Bool?

    /// Creates a wish.
    public init(backend: BackendID? = nil, olderThanMs: Double? = nil, unusedForMs: Double? = nil, dryRun: Bool? = nil) {
        self.backend = backend
        self.olderThanMs = olderThanMs
        self.unusedForMs = unusedForMs
        self.dryRun = dryRun
    }

    /// The least age and disuse. Throws `invalidArgument` for what is no duration.
    public func ages() throws -> (age: Duration, disuse: Duration) {
        let age = try olderThanMs.map { try Milliseconds.duration($0, "olderThanMs") }
        let disuse = try unusedForMs.map { try Milliseconds.duration($0, "unusedForMs") }
        return (age ?? .zero, disuse ?? (age == nil ? .seconds(30 * 86_400) : .zero))
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case backend, olderThanMs, unusedForMs, dryRun }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// What pruning removed, or would remove.
public struct ImagePruningBody: Sendable, Codable, Equatable {
    public var removed: [BuiltImageBody]
    /// That the removed ones alone took, as far as backends tell.
    public var bytes: UInt64
    public var dryRun: Bool
    public var problems: [String]

    /// Tells a pruning.
    public init(_ pruning: ImagePruning, dryRun: Bool) {
        removed = pruning.removed.map(BuiltImageBody.init)
        bytes = pruning.bytes
        self.dryRun = dryRun
        problems = pruning.problems
    }
}

/// From which backends an image was removed.
public struct ImageRemovalBody: Sendable, Codable, Equatable {
    public var removedFrom: [BackendID]
    /// Creates an answer.
    public init(removedFrom: [BackendID]) { self.removedFrom = removedFrom }
}

/// What `POST /v1/images/check` takes.
public struct PackageCheck: RequestBody, Encodable, Equatable {
    public var packages: [String]
    /// The backend's own base where it is left out.
    public var base: String?
    public var backend: BackendID?

    /// Creates a question.
    public init(packages: [String], base: String? = nil, backend: BackendID? = nil) {
        self.packages = packages
        self.base = base
        self.backend = backend
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case packages, base, backend }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}
