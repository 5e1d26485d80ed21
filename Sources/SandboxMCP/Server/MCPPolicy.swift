public import SandboxCore
public import SandboxEngine
public import SystemPackage

/// What the operator lets models do. A model is trusted less than the person who started the server.
public struct MCPPolicy: Sendable {
    /// The session of calls that name none.
    public enum DefaultSession: Sendable {
        /// Every call has to name one.
        case none
        /// This one, by id or name.
        case existing(String)
        /// One that is opened like this when it is first needed.
        case open(SessionRequest)
    }

    public var defaultSession: DefaultSession
    /// The directories of the host that a model may have mounted as a workspace: exactly these, nothing below them, because what lies below can
    /// be replaced by a link from inside a sandbox.
    public var workspaces: [FilePath]
    /// Whether a model may open sessions that reach the network although the configuration says otherwise.
    public var mayOpenNetwork: Bool
    /// A session that a model opened is closed when it was not used for so long.
    public var idleTimeToLive: Duration
    /// Sessions at most that a model may have open at once.
    public var sessionLimit: Int
    /// Whether every session of the data directory can be used, or only those of this server: its own and those that models opened here.
    public var reachesAllSessions: Bool
    /// What a session that a model opens is held to; a model can ask for less.
    public var limits: ResourceLimits

    /// Creates a policy; what is left out grants nothing.
    public init(
        defaultSession: DefaultSession = .none, workspaces: [FilePath] = [], mayOpenNetwork: Bool = false,
        idleTimeToLive: Duration = .seconds(3600), sessionLimit: Int = 32, reachesAllSessions: Bool = false,
        limits: ResourceLimits = ResourceLimits()
    ) {
        self.defaultSession = defaultSession
        self.workspaces = workspaces
        self.mayOpenNetwork = mayOpenNetwork
        self.idleTimeToLive = idleTimeToLive
        self.sessionLimit = sessionLimit
        self.reachesAllSessions = reachesAllSessions
        self.limits = limits
    }
}

/// What one caller may do, as its credentials say. It is asked again with every request.
public struct MCPAccess: Sendable, Equatable {
    /// False: only tools that change nothing.
    public var mayExecute: Bool
    /// No session but this one, and no other can be opened.
    public var onlySession: SessionID?
    /// Whom the feed names for what is changed; nil for who started the server, of whom nothing is noted.
    public var holder: String?

    /// Creates an access.
    public init(mayExecute: Bool, onlySession: SessionID? = nil, holder: String? = nil) {
        self.mayExecute = mayExecute
        self.onlySession = onlySession
        self.holder = holder
    }

    /// Everything that the policy allows.
    public static let full = MCPAccess(mayExecute: true)
}
