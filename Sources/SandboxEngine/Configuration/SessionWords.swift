/// Which sessions run in a sandbox at all.
public enum SandboxMode: String, Sendable, Codable, CaseIterable {
    /// None.
    case off
    /// All but the main one.
    case nonMain = "non-main"
    /// All.
    case all
}

/// Which sessions share a sandbox.
public enum SessionScope: String, Sendable, Codable, CaseIterable {
    /// Each has its own.
    case session
    /// Those of one agent.
    case agent
    /// All with this scope.
    case shared
}

/// What becomes of the home directory in a sandbox.
public enum HomePersistence: String, Sendable, Codable, CaseIterable {
    /// Empty, gone with the sandbox.
    case ephemeral
    /// A directory in the data directory, kept as long as the session's record.
    case session
    /// One directory in the data directory for all sessions.
    case shared
}
