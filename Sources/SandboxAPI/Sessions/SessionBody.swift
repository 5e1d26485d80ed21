public import SandboxCore
public import SandboxEngine

/// A session as the API tells it. Times are milliseconds since 1970; environment values are never part of it.
public struct SessionBody: Sendable, Codable, Equatable {
    public var id: SessionID
    public var name: String?
    public var agent: String?
    public var main: Bool
    public var scope: SessionScope
    public var state: SessionState
    /// The backend that serves it, or the one that is planned.
    public var backend: BackendID
    public var isolation: Isolation
    /// Nil while there is none.
    public var sandbox: SandboxID?
    /// The override that was asked for.
    public var sandboxed: Bool?
    public var floor: Isolation?
    public var image: ImageBody
    /// Beyond the image's.
    public var packages: [String]?
    public var workspace: WorkspaceBody
    public var workspacePath: WirePath?
    public var home: HomePersistence
    public var mounts: [MountBody]
    public var environmentNames: [String]
    public var limits: ResourceLimits
    public var network: NetworkPolicy
    public var hostname: String?
    public var timeZone: String?
    public var idleTtlMs: Double?
    public var maxLifeMs: Double?
    public var endsWithServer: Bool
    public var labels: [String: String]
    /// Why this backend.
    public var decision: RouteDecision
    public var createdAt: Int64
    public var lastUsedAt: Int64
    public var expiresAt: Int64?
    public var closedAt: Int64?
    /// Why it failed, or why it could not be closed.
    public var failure: String?
    public var revision: Int64

    /// Tells a record.
    public init(_ record: SessionRecord) {
        let plan = record.request
        id = record.id
        name = record.name
        agent = plan.agent
        main = plan.isMain
        scope = record.scope
        state = record.state
        backend = record.backend
        isolation = record.decision.isolation
        sandbox = record.sandbox
        sandboxed = plan.sandbox
        floor = plan.floor
        image = ImageBody(plan.image)
        packages = plan.packages
        workspace = WorkspaceBody(plan.workspace)
        workspacePath = plan.workspacePath.map { WirePath($0) }
        home = plan.home
        mounts = plan.mounts.map(MountBody.init)
        environmentNames = plan.environmentNames
        limits = plan.limits
        network = plan.network
        hostname = plan.hostname
        timeZone = plan.timeZone
        idleTtlMs = plan.idleTimeToLive.map(Milliseconds.of)
        maxLifeMs = plan.maximumLife.map(Milliseconds.of)
        endsWithServer = plan.endsWithCreator
        labels = plan.labels ?? [:]
        decision = record.decision
        createdAt = record.createdAt.milliseconds
        lastUsedAt = record.lastUsedAt.milliseconds
        expiresAt = record.expiresAt?.milliseconds
        closedAt = record.closedAt?.milliseconds
        failure = record.failure
        revision = record.revision
    }
}

/// A page of sessions; `next` goes into `after` to get the following one.
public struct SessionPage: Sendable, Codable, Equatable {
    public var sessions: [SessionBody]
    public var next: SessionID?

    /// Creates a page.
    public init(sessions: [SessionBody], next: SessionID?) {
        self.sessions = sessions
        self.next = next
    }
}

/// A session's sandbox, as `POST /v1/sessions/{session}/prepare` tells it.
public struct SandboxBody: Sendable, Codable, Equatable {
    public var session: SessionID
    public var sandbox: SandboxID
    public var backend: BackendID
    /// Relative paths of execs and file calls mean this directory.
    public var workspacePath: WirePath

    /// Creates a value.
    public init(session: SessionID, sandbox: SandboxID, backend: BackendID, workspacePath: WirePath) {
        self.session = session
        self.sandbox = sandbox
        self.backend = backend
        self.workspacePath = workspacePath
    }
}
