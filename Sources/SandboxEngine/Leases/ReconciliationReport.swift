public import SandboxCore

/// What a reconciliation found and did.
public struct ReconciliationReport: Sendable, Codable, Equatable {
    /// Sessions of engines that are gone, whose living sandbox was taken over.
    public var adopted: [SessionID] = []
    /// Sessions whose sandbox is gone.
    public var failed: [SessionID] = []
    /// Sessions that were closed: half closed before, expired, or bound to an engine that is gone.
    public var closed: [SessionID] = []
    /// Execs that are followed again.
    public var resumed: [ExecID] = []
    /// Execs whose end nobody can tell.
    public var lost: [ExecID] = []
    /// Sandboxes that no session owned and that were removed.
    public var reaped: [SandboxID] = []
    /// What could not be done, and why; it is tried again next time.
    public var problems: [String] = []
    /// Creates an empty report.
    public init() {}
}
