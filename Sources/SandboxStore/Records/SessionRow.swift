import GRDB
public import SandboxCore

/// A session. What the engine alone understands is text to the store.
public struct SessionRow: Sendable, Equatable {
    public var id: SessionID
    public var name: String?
    public var scope: String
    /// Which sandbox it uses: sessions with the same key share one.
    public var sandboxKey: String
    public var state: String
    public var backend: BackendID
    public var sandbox: SandboxID?
    public var plan: String
    public var decision: String
    /// The engine that last took charge of it.
    public var engine: String
    public var endsWithEngine: Bool
    /// Milliseconds since 1970, like every time in the store.
    public var createdAt: Int64
    public var lastUsedAt: Int64
    public var idleMilliseconds: Int64?
    public var lifeMilliseconds: Int64?
    public var closedAt: Int64?
    public var failure: String?
    /// A failed session whose failure may have passed when it is used again.
    public var mayRetry: Bool
    public var revision: Int64

    /// Creates a row.
    public init(
        id: SessionID, name: String?, scope: String, sandboxKey: String, state: String, backend: BackendID, sandbox: SandboxID? = nil,
        plan: String, decision: String, engine: String, endsWithEngine: Bool, createdAt: Int64, lastUsedAt: Int64,
        idleMilliseconds: Int64?, lifeMilliseconds: Int64?, closedAt: Int64? = nil, failure: String? = nil, mayRetry: Bool = false,
        revision: Int64 = 1
    ) {
        self.id = id
        self.name = name
        self.scope = scope
        self.sandboxKey = sandboxKey
        self.state = state
        self.backend = backend
        self.sandbox = sandbox
        self.plan = plan
        self.decision = decision
        self.engine = engine
        self.endsWithEngine = endsWithEngine
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.idleMilliseconds = idleMilliseconds
        self.lifeMilliseconds = lifeMilliseconds
        self.closedAt = closedAt
        self.failure = failure
        self.mayRetry = mayRetry
        self.revision = revision
    }

    init(_ row: Row) throws {
        let sandboxText: String? = row["sandbox"]
        self.init(
            id: try SessionID(validating: row["id"]), name: row["name"], scope: row["scope"], sandboxKey: row["sandbox_key"],
            state: row["state"], backend: try BackendID(validating: row["backend"]),
            sandbox: try sandboxText.map(SandboxID.init(validating:)),
            plan: row["plan"], decision: row["decision"], engine: row["engine"], endsWithEngine: row["ends_with_engine"],
            createdAt: row["created_at"], lastUsedAt: row["last_used_at"], idleMilliseconds: row["idle_milliseconds"],
            lifeMilliseconds: row["life_milliseconds"], closedAt: row["closed_at"], failure: row["failure"], mayRetry: row["may_retry"],
            revision: row["revision"])
    }

    static let columns = """
        id, name, scope, sandbox_key, state, backend, sandbox, plan, decision, engine, ends_with_engine, created_at, last_used_at, \
        idle_milliseconds, life_milliseconds, closed_at, failure, may_retry, revision
        """

    var arguments: StatementArguments {
        [
            id.rawValue, name, scope, sandboxKey, state, backend.rawValue, sandbox?.rawValue, plan, decision, engine, endsWithEngine,
            createdAt, lastUsedAt, idleMilliseconds, lifeMilliseconds, closedAt, failure, mayRetry, revision,
        ]
    }
}
