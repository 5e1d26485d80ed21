public import SystemPackage

/// What a sandbox shall be. A backend enforces every word of it or refuses with `unsupported`.
public struct SandboxSpec: Sendable, Codable, Equatable {
    public var id: SandboxID
    public var owner: OwnerLabel
    /// The session that it serves; nil for a probe.
    public var session: SessionID?
    public var image: ImageChoice
    public var workspace: WorkspaceChoice
    /// Where the workspace is seen inside; nil is the backend's usual place. Needs the capability `workspace-path`.
    public var workspacePath: FilePath?
    public var home: HomeChoice
    public var mounts: [Mount]
    /// For every exec, beneath the exec's own. May hold secrets.
    public var environment: [String: String]
    public var limits: ResourceLimits
    public var network: NetworkPolicy
    public var hostname: String
    /// The sandbox must not outlive the process that made it.
    public var endsWithCreator: Bool

    /// Creates a specification.
    public init(
        id: SandboxID = .random(), owner: OwnerLabel, session: SessionID? = nil, image: ImageChoice = .backendDefault,
        workspace: WorkspaceChoice = .private, workspacePath: FilePath? = nil, home: HomeChoice = .ephemeral, mounts: [Mount] = [],
        environment: [String: String] = [:],
        limits: ResourceLimits = ResourceLimits(), network: NetworkPolicy = .none, hostname: String = "sandbox",
        endsWithCreator: Bool = false
    ) {
        self.id = id
        self.owner = owner
        self.session = session
        self.image = image
        self.workspace = workspace
        self.workspacePath = workspacePath
        self.home = home
        self.mounts = mounts
        self.environment = environment
        self.limits = limits
        self.network = network
        self.hostname = hostname
        self.endsWithCreator = endsWithCreator
    }
}

extension SandboxSpec {
    /// The time zone of every exec by its name in the zone database, `Europe/Berlin`; nil is the sandbox's own, mostly UTC.
    ///
    /// It is the environment's `TZ`, so every backend keeps it. A backend that shows directories of the host also shows the host's zone
    /// database, for images that have none.
    public var timeZone: String? {
        get { environment["TZ"] }
        set { environment["TZ"] = newValue }
    }
}

/// The files that a sandbox starts from.
public enum ImageChoice: Sendable, Codable, Equatable {
    /// What the backend offers by itself (bubblewrap: the host's system directories, read-only).
    case backendDefault
    /// A directory on the host that holds a root file system; it is not written to.
    case rootDirectory(FilePath)
    /// A name that the backend's image store understands.
    case reference(String)
}

/// The tree that the agent edits.
public enum WorkspaceChoice: Sendable, Codable, Equatable {
    /// An empty directory that belongs to the sandbox and ends with it.
    case `private`
    /// A directory of the host, as it is.
    case mounted(FilePath, readOnly: Bool)
    /// A copy of a host directory that the engine keeps in step with it. A backend makes the same empty directory as for `private`.
    case synced(WorkspaceSync)
}

/// The home directory inside.
public enum HomeChoice: Sendable, Codable, Equatable {
    /// Empty, gone with the sandbox.
    case ephemeral
    /// This directory of the host.
    case directory(FilePath)
}

/// A host directory or file seen inside.
public struct Mount: Sendable, Codable, Equatable {
    public var source: FilePath
    /// Absolute.
    public var target: FilePath
    public var readOnly: Bool
    /// Creates a mount.
    public init(source: FilePath, target: FilePath, readOnly: Bool) {
        self.source = source
        self.target = target
        self.readOnly = readOnly
    }
}

/// Whom a sandbox can reach.
public enum NetworkPolicy: String, Sendable, Codable, CaseIterable {
    /// Nobody; only its own loopback.
    case none
    /// Whatever the host can reach.
    case open
}

/// Upper bounds; nil is unlimited.
public struct ResourceLimits: Sendable, Codable, Equatable {
    /// Bytes of memory of all processes together.
    public var memory: UInt64?
    /// Processors' worth of time: 1.5 is one and a half.
    public var processors: Double?
    /// Processes and threads at once.
    public var processes: UInt32?
    /// Bytes written to the sandbox's own file system.
    public var disk: UInt64?
    /// Graphics processors that it is given; here nil is none.
    public var gpus: GPUShare?

    /// Creates limits.
    public init(
        memory: UInt64? = nil, processors: Double? = nil, processes: UInt32? = nil, disk: UInt64? = nil, gpus: GPUShare? = nil
    ) {
        self.memory = memory
        self.processors = processors
        self.processes = processes
        self.disk = disk
        self.gpus = gpus
    }
}
