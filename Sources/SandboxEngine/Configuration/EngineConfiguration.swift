public import SandboxCore
public import SystemPackage

/// What an engine needs to know; values that a `SessionRequest` leaves open are taken from here.
public struct EngineConfiguration: Sendable {
    /// Holds the database, the output and the locks. Made with mode 0700. Must be on a local file system: engines that share it exclude each
    /// other with `flock`.
    public var dataDirectory: FilePath
    /// Tried first when a session names no backend.
    public var defaultBackend: BackendID?
    /// A session that states no floor of its own never gets less than this.
    public var floor: Isolation
    /// The order of automatic choice. Registered backends that it does not name come after it, in the order of registration.
    public var autoOrder: [BackendID]
    public var mode: SandboxMode
    public var scope: SessionScope
    public var limits: ResourceLimits
    public var network: NetworkPolicy
    public var home: HomePersistence
    /// A session that ran nothing for so long is closed; nil is never.
    public var idleTimeToLive: Duration?
    /// A session older than this is closed; nil is never.
    public var maximumLife: Duration?
    /// Bytes kept on disk of each stream of an exec. What goes beyond is counted and still reaches a live caller.
    public var outputLimit: UInt64
    /// For every exec, beneath the session's and the exec's own. Never stored.
    public var environment: [String: String]
    /// How long a backend's answer to a probe is believed.
    public var probeLifetime: Duration
    /// How long making a sandbox may take.
    public var preparationTimeout: Duration
    /// How long other calls that a backend answers (attach, list, destroy) may take.
    public var backendTimeout: Duration
    /// Closed sessions, their execs and their output are kept so long.
    public var retention: Duration
    /// Bytes of output of ended execs that are kept in all; the oldest go first.
    public var outputTotalLimit: UInt64
    public var images: ImageConfiguration

    /// Creates a configuration.
    public init(
        dataDirectory: FilePath, defaultBackend: BackendID? = nil, floor: Isolation = .namespace, autoOrder: [BackendID] = [],
        mode: SandboxMode = .all, scope: SessionScope = .session, limits: ResourceLimits = ResourceLimits(), network: NetworkPolicy = .none,
        home: HomePersistence = .ephemeral, idleTimeToLive: Duration? = nil, maximumLife: Duration? = nil, outputLimit: UInt64 = 64 << 20,
        environment: [String: String] = [:], probeLifetime: Duration = .seconds(30), preparationTimeout: Duration = .seconds(120),
        backendTimeout: Duration = .seconds(30), retention: Duration = .seconds(7 * 86400), outputTotalLimit: UInt64 = 4 << 30,
        images: ImageConfiguration = ImageConfiguration()
    ) {
        self.dataDirectory = dataDirectory
        self.defaultBackend = defaultBackend
        self.floor = floor
        self.autoOrder = autoOrder
        self.mode = mode
        self.scope = scope
        self.limits = limits
        self.network = network
        self.home = home
        self.idleTimeToLive = idleTimeToLive
        self.maximumLife = maximumLife
        self.outputLimit = outputLimit
        self.environment = environment
        self.probeLifetime = probeLifetime
        self.preparationTimeout = preparationTimeout
        self.backendTimeout = backendTimeout
        self.retention = retention
        self.outputTotalLimit = outputTotalLimit
        self.images = images
    }
}
