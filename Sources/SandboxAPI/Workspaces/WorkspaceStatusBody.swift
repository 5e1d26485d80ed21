public import SandboxEngine

/// How a session's synced workspace stands. Times are milliseconds since 1970.
public struct WorkspaceStatusBody: Sendable, Codable, Equatable {
    /// Nil before the first.
    public var pushedAt: Int64?
    public var pulledAt: Int64?
    /// Why the last push or pull failed; nil when it did not.
    public var failure: String?
    /// That nobody settled yet.
    public var openConflicts: Int

    /// Creates a status.
    public init(pushedAt: Int64?, pulledAt: Int64?, failure: String? = nil, openConflicts: Int) {
        self.pushedAt = pushedAt
        self.pulledAt = pulledAt
        self.failure = failure
        self.openConflicts = openConflicts
    }

    /// Tells a status.
    public init(_ status: WorkspaceStatus) {
        pushedAt = status.pushedAt?.milliseconds
        pulledAt = status.pulledAt?.milliseconds
        failure = status.failure
        openConflicts = status.openConflicts
    }
}
