public import SandboxCore

/// What an engine knows about images beforehand. Images are written as people write them: a reference, `@name` or `@set,package`.
public struct ImageConfiguration: Sendable, Equatable {
    /// For every backend that has no default of its own.
    public var defaultImage: String?
    /// By backend.
    public var backendDefaults: [BackendID: String]
    /// Installed into every image that is built from sets.
    public var extraPackages: [String]
    /// The service builds the default images when it starts.
    public var prebuild: Bool
    /// How long one build may take, its base's download included.
    public var buildTimeout: Duration
    /// How long packages may take to be installed in a sandbox of a backend that builds no images.
    public var provisionTimeout: Duration

    /// Creates a configuration.
    public init(
        defaultImage: String? = nil, backendDefaults: [BackendID: String] = [:], extraPackages: [String] = [], prebuild: Bool = true,
        buildTimeout: Duration = .seconds(3600), provisionTimeout: Duration = .seconds(600)
    ) {
        self.defaultImage = defaultImage
        self.backendDefaults = backendDefaults
        self.extraPackages = extraPackages
        self.prebuild = prebuild
        self.buildTimeout = buildTimeout
        self.provisionTimeout = provisionTimeout
    }
}

/// What becomes of a session whose packages cannot be installed at run time.
public enum ProvisionPolicy: String, Sendable, Codable, CaseIterable {
    /// It fails.
    case required
    /// It goes on without them, and an event tells why.
    case bestEffort = "best-effort"
}
