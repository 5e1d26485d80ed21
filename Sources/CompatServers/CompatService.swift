public import Logging
import SandboxCore
public import SandboxEngine
public import SandboxServer

/// A service whose SDKs can be served.
public enum CompatService: String, Sendable, CaseIterable {
    case daytona, e2b, vercel

    /// The routes that serve it. Keys are access tokens of the engine with the scope `exec`.
    public func contributor(_ engine: Engine, choices: CompatChoices, logger: Logger) -> any RouteContributor {
        let services = CompatServices(
            engine: engine, choices: choices, logger: logger,
            authorize: { key in
                let token = try await engine.verifyAccess(key)
                guard token.allows(.exec, session: token.session) else {
                    throw SandboxError(.denied, "the key may only look", remedy: "use a token with the scope 'exec'")
                }
                return CompatCaller(
                    token: token.id.rawValue, isAdministrator: token.session == nil && token.allows(.admin, session: nil),
                    session: token.session)
            },
            issue: { [rawValue] session in
                try await engine.createAccessToken(
                    AccessTokenRequest(name: rawValue, scopes: [.exec], session: session, life: Self.sandboxKeyLife)
                ).credential.reveal()
            })
        switch self {
        case .daytona: return DaytonaServer(services)
        case .e2b: return E2BServer(services)
        case .vercel: return VercelServer(services)
        }
    }

    /// A sandbox's own key outlives any sandbox that is not paused; connecting again makes a new one.
    private static let sandboxKeyLife = Duration.seconds(7 * 86_400)
}
