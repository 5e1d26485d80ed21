public import SandboxCore

/// How a session's synced workspace stands.
public struct WorkspaceStatus: Sendable, Codable, Equatable {
    public var sync: WorkspaceSync
    /// Nil before the first.
    public var pushedAt: Timestamp?
    public var pulledAt: Timestamp?
    /// Why the last push or pull failed; nil when it did not.
    public var failure: String?
    /// Clashes that nobody settled yet.
    public var openConflicts: Int
}

/// How a conflict is settled.
public enum ConflictSettlement: String, Sendable, Codable, CaseIterable {
    /// The host's version stays; the next push brings it into the sandbox.
    case takeHost = "take-host"
    /// The sandbox's version, as it was kept, takes its place on the host.
    case takeSandbox = "take-sandbox"
    /// Both sides' changes of a text file, where they do not touch; the next push brings it into the sandbox.
    case merge
}
