public import SandboxCore
public import SystemPackage

/// What a client asks for. A value that is nil is taken from the engine's configuration when the session is opened.
public struct SessionRequest: Sendable, Equatable {
    /// Unique among the sessions that are not closed; 1 to 63 of `a-z 0-9 - _`.
    public var name: String?
    /// Whose session it is; needed for the scope `agent`. 1 to 128 printable characters.
    public var agent: String?
    /// The main session of an agent host, which the mode `non-main` leaves outside of a sandbox.
    public var isMain: Bool
    public var scope: SessionScope?
    /// Overrides the mode: true is always in a sandbox, false never.
    public var sandbox: Bool?
    /// This one and no other; never fails over.
    public var backend: BackendID?
    /// The weakest isolation that is accepted. Stated here it also admits backends of exactly this isolation that are chosen only by name,
    /// except those without any isolation.
    public var floor: Isolation?
    /// A reference beginning with `@` is a saved image or a list of sets, which is built where it does not exist.
    public var image: ImageChoice
    /// Packages or `@set`s that the sandbox must have: built into an image of its own where the backend builds, else installed when it is made.
    public var packages: [String]
    /// What becomes of the session when they cannot be installed at run time.
    public var provision: ProvisionPolicy
    public var workspace: WorkspaceChoice
    /// Where the workspace is seen inside; nil is the backend's usual place.
    public var workspacePath: FilePath?
    public var home: HomePersistence?
    public var mounts: [Mount]
    /// For every exec of the session. Values are kept in this engine's memory only: after a restart an exec fails with `conflict` until they
    /// are passed again with `SessionPatch.environment` (or by the exec itself).
    public var environment: [String: String]
    public var limits: ResourceLimits?
    public var network: NetworkPolicy?
    /// A name of the zone database, such as `Europe/Berlin`; nil is the sandbox's own.
    public var timeZone: String?
    /// The host's name inside; nil is the backends' usual one.
    public var hostname: String?
    public var idleTimeToLive: Duration?
    public var maximumLife: Duration?
    /// The session ends when the engine that opened it does.
    public var endsWithCreator: Bool
    /// What the client wants to find again with the session: at most 64 labels whose names are 1 to 63 of `a-z 0-9 - _ .`, 64 KiB in all.
    /// They are stored and shown: no place for secrets.
    public var labels: [String: String]

    /// Creates a request.
    public init(
        name: String? = nil, agent: String? = nil, isMain: Bool = false, scope: SessionScope? = nil, sandbox: Bool? = nil,
        backend: BackendID? = nil, floor: Isolation? = nil, image: ImageChoice = .backendDefault, workspace: WorkspaceChoice = .private,
        workspacePath: FilePath? = nil,
        home: HomePersistence? = nil, mounts: [Mount] = [], environment: [String: String] = [:], limits: ResourceLimits? = nil,
        network: NetworkPolicy? = nil, timeZone: String? = nil, hostname: String? = nil, idleTimeToLive: Duration? = nil,
        maximumLife: Duration? = nil, endsWithCreator: Bool = false, labels: [String: String] = [:],
        packages: [String] = [], provision: ProvisionPolicy = .required
    ) {
        self.name = name
        self.agent = agent
        self.isMain = isMain
        self.scope = scope
        self.sandbox = sandbox
        self.backend = backend
        self.floor = floor
        self.image = image
        self.packages = packages
        self.provision = provision
        self.workspace = workspace
        self.workspacePath = workspacePath
        self.home = home
        self.mounts = mounts
        self.environment = environment
        self.limits = limits
        self.network = network
        self.timeZone = timeZone
        self.hostname = hostname
        self.idleTimeToLive = idleTimeToLive
        self.maximumLife = maximumLife
        self.endsWithCreator = endsWithCreator
        self.labels = labels
    }
}

/// Changes to a session; nil leaves a value as it is. Limits, override and backend can be changed only while no sandbox was made.
public struct SessionPatch: Sendable, Equatable {
    public var name: String?
    public var sandbox: Bool?
    public var backend: BackendID?
    public var limits: ResourceLimits?
    public var idleTimeToLive: TimeToLive?
    public var maximumLife: TimeToLive?
    /// Replaces the session's environment, names and values.
    public var environment: [String: String]?
    /// Sets these labels, and removes those whose value is nil; the others stay.
    public var labels: [String: String?]

    /// A time to live or its absence.
    public enum TimeToLive: Sendable, Equatable {
        case never
        case after(Duration)
    }

    /// Creates a patch.
    public init(
        name: String? = nil, sandbox: Bool? = nil, backend: BackendID? = nil, limits: ResourceLimits? = nil,
        idleTimeToLive: TimeToLive? = nil, maximumLife: TimeToLive? = nil, environment: [String: String]? = nil,
        labels: [String: String?] = [:]
    ) {
        self.name = name
        self.sandbox = sandbox
        self.backend = backend
        self.limits = limits
        self.idleTimeToLive = idleTimeToLive
        self.maximumLife = maximumLife
        self.environment = environment
        self.labels = labels
    }
}
