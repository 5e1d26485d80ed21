public import SandboxCore
public import SandboxEngine

/// An image that Sandlot built.
public struct BuiltImageBody: Sendable, Codable, Equatable {
    /// Its name: what a session asks for.
    public var reference: String
    public var backend: BackendID
    /// The backend's own id or digest.
    public var id: String
    public var base: String?
    public var packages: [String]
    /// Bytes, what it shares with its base included.
    public var size: UInt64?
    /// Bytes that it alone takes.
    public var uniqueSize: UInt64?
    /// Milliseconds since 1970, as all times.
    public var createdAt: Int64?
    public var lastUsedAt: Int64?
    /// Sandboxes and other things that are made from it now.
    public var users: Int
    /// False for an image of another data directory.
    public var ours: Bool

    /// Tells what is kept.
    public init(_ kept: KeptImage) {
        let image = kept.image
        reference = image.reference
        backend = image.backend
        id = image.id
        base = image.base
        packages = image.packages
        size = image.size
        uniqueSize = image.uniqueSize
        createdAt = image.createdAt.map { $0 * 1000 }
        lastUsedAt = kept.lastUsedAt?.milliseconds
        users = image.users
        ours = kept.isOurs
    }
}

/// What an image is built from.
public struct ImageSpecBody: Sendable, Codable, Equatable {
    public var base: String?
    public var packages: [String]?
    public var dockerfile: String?

    /// Tells a specification; the values of a Dockerfile's arguments are left out.
    public init(_ spec: ImageSpec) {
        base = spec.base
        switch spec.content {
        case .base: break
        case .packages(let names): packages = names
        case .dockerfile(let text): dockerfile = text
        }
    }
}

/// What a specification comes to at a backend now.
public struct ImagePlanBody: Sendable, Codable, Equatable {
    public var reference: String
    public var backend: BackendID
    public var base: String?
    public var baseDigest: String?
    /// For people.
    public var distribution: String?
    public var packages: [String]

    /// Tells a plan, without how it would be built.
    public init(_ plan: ImagePlan) {
        reference = plan.reference
        backend = plan.backend
        base = plan.base
        baseDigest = plan.baseDigest
        distribution = plan.distribution
        packages = plan.packages
    }
}

/// One image.
public struct ImageDetailsBody: Sendable, Codable, Equatable {
    public var reference: String
    /// Absent where it is not built.
    public var image: BuiltImageBody?
    /// Where a name such as `@core` was asked for.
    public var plan: ImagePlanBody?

    /// Creates an answer.
    public init(reference: String, image: BuiltImageBody?, plan: ImagePlanBody?) {
        self.reference = reference
        self.image = image
        self.plan = plan
    }
}
