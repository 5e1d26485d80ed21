import SandboxAPI
public import SandboxCore
public import SandboxEngine

/// The engine's own tokens.
public struct EngineAccess: AccessVerifying {
    private let engine: Engine

    /// Verifies with this engine.
    public init(_ engine: Engine) { self.engine = engine }

    public func grant(for token: String) async throws -> AccessGrant { try AccessGrant(await engine.verifyAccess(token)) }

    public func noteDenial(_ reason: String, _ facts: [String: String]) async { engine.noteDenial(reason, facts) }

    public func noteChange(_ operation: String, by holder: String, session: SessionID?, _ facts: [String: String]) async {
        // A client may have named the session: the feed is filtered by ids.
        var id = session
        if let named = session?.rawValue, !named.hasPrefix("ses-") { id = try? await engine.sessionID(named) }
        engine.noteChange(operation, by: holder, session: id, facts)
    }
}

extension AccessGrant {
    /// What an engine's token lets its holder do. Throws `denied` for a token without any scope.
    init(_ token: AccessToken) throws {
        guard let highest = token.scopes.max(), let scope = APIRoute.Scope(rawValue: highest.rawValue) else {
            throw SandboxError(.denied, "the token \(token.id) has no scope", remedy: "create another one")
        }
        self.init(holder: token.id.rawValue, scope: scope, session: token.session)
    }
}
