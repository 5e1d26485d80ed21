public import SandboxCore

/// Which backend serves a session, and why none of the others.
public struct RouteDecision: Sendable, Codable, Equatable {
    /// What was found about one backend.
    public enum Verdict: String, Sendable, Codable {
        case chosen
        /// Would do, but another one comes first.
        case eligible
        case rejected
        /// Was chosen, could not make a sandbox, and the next one was taken.
        case failedOver = "failed-over"
    }

    /// One backend's line.
    public struct Reason: Sendable, Codable, Equatable {
        public var backend: BackendID
        public var verdict: Verdict
        /// For people.
        public var reason: String
        /// Creates a line.
        public init(backend: BackendID, verdict: Verdict, reason: String) {
            self.backend = backend
            self.verdict = verdict
            self.reason = reason
        }
    }

    public var chosen: BackendID
    public var isolation: Isolation
    /// False when the backend was asked for by name or follows from the sandbox being off.
    public var isAutomatic: Bool
    /// One for each registered backend, in the order in which they were considered.
    public var reasons: [Reason]
    /// The sandbox's image, once that is settled.
    public var image: ImageDecision?

    /// Creates a decision.
    public init(chosen: BackendID, isolation: Isolation, isAutomatic: Bool, reasons: [Reason], image: ImageDecision? = nil) {
        self.chosen = chosen
        self.isolation = isolation
        self.isAutomatic = isAutomatic
        self.reasons = reasons
        self.image = image
    }
}

/// A registered backend and what its last probe said.
public struct BackendStatus: Sendable {
    public var descriptor: BackendDescriptor
    public var availability: BackendAvailability
    /// When it was probed.
    public var probedAt: Timestamp
}
