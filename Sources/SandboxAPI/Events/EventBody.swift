public import SandboxCore
public import SandboxEngine

/// An event of the feed.
public struct EventBody: Sendable, Codable, Equatable {
    /// Rises without repetition; gaps are possible.
    public var sequence: Int64
    /// What happened, such as `session.opened`.
    public var type: String
    public var session: SessionID?
    public var exec: ExecID?
    /// Milliseconds since 1970.
    public var at: Int64
    public var facts: [String: String]

    /// Tells an event.
    public init(_ event: EngineEvent) {
        sequence = event.sequence
        type = event.kind.rawValue
        session = event.session
        exec = event.exec
        at = event.at.milliseconds
        facts = event.payload
    }
}
