public import SandboxCore
public import SystemPackage

/// Where a session is in its life.
public enum SessionState: String, Sendable, Codable, CaseIterable {
    /// Known, perhaps without a sandbox yet: the first use makes it.
    case opening
    /// Has a sandbox.
    case ready
    /// Its sandbox is being destroyed, or could not be: `failure` tells.
    case closing
    /// Over.
    case closed
    /// Has no sandbox: `failure` tells why. When `mayRetry` says so the next use tries again; otherwise it can only be closed.
    case failed
}

/// What was settled for a session when it was opened: every open value of its request filled in. Environment values are never part of it.
public struct SessionPlan: Sendable, Codable, Equatable {
    public var agent: String?
    public var isMain: Bool
    /// Nil follows the engine's mode.
    public var sandbox: Bool?
    /// As asked for by name; nil is automatic.
    public var backend: BackendID?
    /// As asked for; nil is the configuration's.
    public var floor: Isolation?
    public var image: ImageChoice
    public var workspace: WorkspaceChoice
    public var workspacePath: FilePath?
    public var home: HomePersistence
    public var mounts: [Mount]
    /// The names of the session's environment, sorted.
    public var environmentNames: [String]
    public var limits: ResourceLimits
    public var network: NetworkPolicy
    /// A name of the zone database; nil is the sandbox's own.
    public var timeZone: String?
    /// The host's name inside; nil is the backends' usual one.
    public var hostname: String?
    public var idleTimeToLive: Duration?
    public var maximumLife: Duration?
    public var endsWithCreator: Bool
    /// Nil is none.
    public var labels: [String: String]?
    /// Packages beyond the image's; nil is none.
    public var packages: [String]?
    /// Nil is `required`.
    public var provision: ProvisionPolicy?
}

/// A session as it is stored.
public struct SessionRecord: Sendable, Codable, Equatable {
    public var id: SessionID
    public var name: String?
    public var scope: SessionScope
    public var state: SessionState
    /// The backend that serves it, or the one that is planned.
    public var backend: BackendID
    /// Nil while there is none.
    public var sandbox: SandboxID?
    public var request: SessionPlan
    public var decision: RouteDecision
    public var createdAt: Timestamp
    public var lastUsedAt: Timestamp
    /// When it will be closed if it is not used any more; nil is never. Running execs put off the idle part.
    public var expiresAt: Timestamp?
    public var closedAt: Timestamp?
    /// Why it failed, or why it could not be closed.
    public var failure: String?
    /// Whether it failed for a reason that may pass, so that its next use tries again.
    public var mayRetry: Bool
    /// Counts the changes of the row.
    public var revision: Int64
}
