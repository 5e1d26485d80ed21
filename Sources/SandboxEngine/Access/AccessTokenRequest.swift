public import SandboxCore

/// What an access token is wanted for.
public struct AccessTokenRequest: Sendable {
    /// For people; 1 to 80 characters without control characters.
    public var name: String
    public var scopes: Set<AccessScope>
    /// The only session that it opens; nil opens all. It ends with the session.
    public var session: SessionID?
    /// How long it lives; nil for ever.
    public var life: Duration?

    /// Creates a request.
    public init(name: String, scopes: Set<AccessScope>, session: SessionID? = nil, life: Duration? = nil) {
        self.name = name
        self.scopes = scopes
        self.session = session
        self.life = life
    }

    /// Throws `invalidArgument` for what makes no sense.
    func check() throws {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        guard (1...80).contains(name.count), isPlain else {
            throw SandboxError(
                .invalidArgument, "an access token needs a name of 1 to 80 characters", remedy: "say what it is for, such as 'laptop'")
        }
        guard !scopes.isEmpty else {
            throw SandboxError(.invalidArgument, "an access token needs a scope", remedy: "choose among read, exec and admin")
        }
        guard session == nil || !scopes.contains(.admin) else {
            throw SandboxError(
                .invalidArgument, "the scope 'admin' concerns every session, so no token for one session can have it",
                remedy: "leave the session or the scope out")
        }
        if let life, life < .seconds(1) {
            throw SandboxError(.invalidArgument, "an access token cannot end before it begins", remedy: "let it live a second or more")
        }
    }
}
