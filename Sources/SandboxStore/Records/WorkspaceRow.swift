import GRDB
public import SandboxCore

/// The synced workspace of a sandbox.
public struct WorkspaceRow: Sendable, Equatable {
    public var sandbox: SandboxID
    public var key: String
    /// The directory on the host.
    public var directory: String
    /// Milliseconds since 1970; nil before the first.
    public var pushedAt: Int64?
    public var pulledAt: Int64?
    /// Why the last attempt failed; nil when it did not.
    public var failure: String?

    /// A row of a workspace that was not pushed yet.
    public init(sandbox: SandboxID, key: String, directory: String) {
        self.sandbox = sandbox
        self.key = key
        self.directory = directory
    }

    init(_ row: Row) throws {
        self.init(sandbox: try SandboxID(validating: row["sandbox"]), key: row["sandbox_key"], directory: row["directory"])
        pushedAt = row["pushed_at"]
        pulledAt = row["pulled_at"]
        failure = row["failure"]
    }
}

/// What both sides of a workspace agreed on last; only the workspace engine reads it.
public struct WorkspaceBase: Sendable, Equatable {
    /// All of it, as it was some time ago; nil before the first push.
    public var whole: [UInt8]?
    /// What became different since then; nil when nothing did.
    public var changes: [UInt8]?

    /// A base of these parts.
    public init(whole: [UInt8]? = nil, changes: [UInt8]? = nil) {
        self.whole = whole
        self.changes = changes
    }
}
