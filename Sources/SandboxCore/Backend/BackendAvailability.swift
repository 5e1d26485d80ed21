/// A probe's answer to "usable here, now?".
public enum BackendAvailability: Sendable, Equatable {
    /// It works. `details` are facts for people: versions, what enforces which limit.
    case available(details: [String: String])
    /// It does not, and this is what to do about it.
    case unavailable(reason: String, remedy: String)

    /// True for `.available`.
    public var isAvailable: Bool {
        if case .available = self { true } else { false }
    }
}
