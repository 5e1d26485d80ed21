/// An image that a backend built.
public struct BuiltImage: Sendable, Codable, Equatable {
    public var backend: BackendID
    /// Its name: `SandboxSpec.image` takes it as `.reference`.
    public var reference: String
    /// The backend's own id or digest.
    public var id: String
    /// Whose Sandlot built it; nil when that is not known.
    public var owner: OwnerLabel?
    /// The base's name; nil where a Dockerfile named it.
    public var base: String?
    /// What was installed, as the distribution calls it.
    public var packages: [String]
    /// Bytes, what it shares with its base included; nil where the backend does not tell.
    public var size: UInt64?
    /// Bytes that it alone takes; nil where the backend does not tell.
    public var uniqueSize: UInt64?
    /// Seconds since 1970; nil where the backend does not tell.
    public var createdAt: Int64?
    /// Sandboxes and other things at the backend that are made from it now.
    public var users: Int

    /// Creates a description.
    public init(
        backend: BackendID, reference: String, id: String, owner: OwnerLabel? = nil, base: String? = nil, packages: [String] = [],
        size: UInt64? = nil, uniqueSize: UInt64? = nil, createdAt: Int64? = nil, users: Int = 0
    ) {
        self.backend = backend
        self.reference = reference
        self.id = id
        self.owner = owner
        self.base = base
        self.packages = packages
        self.size = size
        self.uniqueSize = uniqueSize
        self.createdAt = createdAt
        self.users = users
    }
}

/// What a backend's image store takes, in bytes and numbers; nil is what it does not tell.
public struct ImageStoreUsage: Sendable, Codable, Equatable {
    /// All images of the store, ours and others'.
    public var images: Int
    /// Bytes of all images, what they share counted once.
    public var imageBytes: UInt64?
    /// Those that Sandlot built.
    public var ours: Int
    /// Bytes that only Sandlot's images take.
    public var ourBytes: UInt64?
    /// Bytes of Sandlot's images that nothing is made from.
    public var reclaimableBytes: UInt64?
    /// Sandboxes and other containers, running or not.
    public var containers: Int?
    public var runningContainers: Int?
    /// Bytes that containers wrote.
    public var containerBytes: UInt64?
    /// Bytes of the build cache.
    public var cacheBytes: UInt64?

    /// Creates numbers.
    public init(
        images: Int, imageBytes: UInt64? = nil, ours: Int, ourBytes: UInt64? = nil, reclaimableBytes: UInt64? = nil,
        containers: Int? = nil, runningContainers: Int? = nil, containerBytes: UInt64? = nil, cacheBytes: UInt64? = nil
    ) {
        self.images = images
        self.imageBytes = imageBytes
        self.ours = ours
        self.ourBytes = ourBytes
        self.reclaimableBytes = reclaimableBytes
        self.containers = containers
        self.runningContainers = runningContainers
        self.containerBytes = containerBytes
        self.cacheBytes = cacheBytes
    }
}
