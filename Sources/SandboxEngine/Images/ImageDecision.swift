/// Which image a sandbox is made from, and who said so.
public struct ImageDecision: Sendable, Codable, Equatable {
    /// From the strongest to the weakest.
    public enum Origin: String, Sendable, Codable, CaseIterable {
        case session
        /// The backend's default.
        case backend
        /// The default for all backends.
        case global
        /// What the backend offers by itself.
        case builtIn = "built-in"
    }

    /// As it was written: a reference, `@name`, a path; nil is the backend's own.
    public var image: String?
    public var origin: Origin
    /// For people.
    public var reason: String
    /// What it came to: the name of the built image; nil when nothing is built.
    public var built: String?

    /// Creates a decision.
    public init(image: String?, origin: Origin, reason: String, built: String? = nil) {
        self.image = image
        self.origin = origin
        self.reason = reason
        self.built = built
    }
}
