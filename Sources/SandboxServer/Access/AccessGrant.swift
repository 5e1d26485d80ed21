public import SandboxAPI
public import SandboxCore

/// Who a request is from, and what it may do.
public struct AccessGrant: Sendable, Equatable {
    /// Names the holder in logs and events; no secret.
    public var holder: String
    public var scope: APIRoute.Scope
    /// The only session that it opens; nil opens all.
    public var session: SessionID?

    /// Creates a grant.
    public init(holder: String, scope: APIRoute.Scope, session: SessionID? = nil) {
        self.holder = holder
        self.scope = scope
        self.session = session
    }

    /// Throws `denied` unless it reaches so far.
    public func require(_ wanted: APIRoute.Scope) throws {
        guard scope >= wanted else {
            throw SandboxError(
                .denied, "this needs the scope '\(wanted.rawValue)', and the token has '\(scope.rawValue)'",
                remedy: "use a token with that scope")
        }
    }

    /// Throws `denied` unless it opens that session, or for nil everything.
    public func require(session wanted: SessionID?) throws {
        guard let session, session != wanted else { return }
        throw SandboxError(.denied, "the token is for one session, and this is not of it", remedy: "use a token for all sessions")
    }
}

/// Tells whose a presented token is.
public protocol AccessVerifying: Sendable {
    /// The grant of a token. Throws `denied` for one that is not valid.
    func grant(for token: String) async throws -> AccessGrant
    /// Notes that somebody was refused. Nothing that was presented may be part of it.
    func noteDenial(_ reason: String, _ facts: [String: String]) async
    /// Notes that somebody changed something.
    func noteChange(_ operation: String, by holder: String, session: SessionID?, _ facts: [String: String]) async
}
