public import SandboxCore
public import SandboxEngine

/// All images, and what else can be asked for by name.
public struct ImageListBody: Sendable, Codable, Equatable {
    /// Newest first.
    public var images: [BuiltImageBody]
    public var saved: [Saved]
    public var defaults: [ImageDefaultBody]
    public var sets: [PackageSetSummary]
    /// Where it was asked for.
    public var stores: [Store]?
    /// Backends that could not tell, and why.
    public var problems: [String]

    /// A specification that sessions ask for as `@name`.
    public struct Saved: Sendable, Codable, Equatable {
        public var name: String
        public var spec: ImageSpecBody
        /// Creates an entry.
        public init(name: String, spec: ImageSpec) {
            self.name = name
            self.spec = ImageSpecBody(spec)
        }
    }

    /// What an image store takes.
    public struct Store: Sendable, Codable, Equatable {
        public var backend: BackendID
        public var usage: ImageStoreUsage
        /// Creates an entry.
        public init(backend: BackendID, usage: ImageStoreUsage) {
            self.backend = backend
            self.usage = usage
        }
    }

    /// Creates a list.
    public init(
        images: [BuiltImageBody], saved: [Saved], defaults: [ImageDefaultBody], sets: [PackageSetSummary], stores: [Store]?,
        problems: [String]
    ) {
        self.images = images
        self.saved = saved
        self.defaults = defaults
        self.sets = sets
        self.stores = stores
        self.problems = problems
    }
}

/// Which image a new sandbox of a backend gets now, and why.
public struct ImageDefaultBody: Sendable, Codable, Equatable {
    public var backend: BackendID
    /// Absent for the backend's own.
    public var image: String?
    public var origin: ImageDecision.Origin
    /// For people.
    public var reason: String

    /// Tells a decision.
    public init(_ backend: BackendID, _ decision: ImageDecision) {
        self.backend = backend
        image = decision.image
        origin = decision.origin
        reason = decision.reason
    }
}

/// The images of new sandboxes.
public struct ImageDefaultsBody: Sendable, Codable, Equatable {
    public var defaults: [ImageDefaultBody]
    /// Creates a list.
    public init(defaults: [ImageDefaultBody]) { self.defaults = defaults }
}
