public import HTTPTypes
public import Hummingbird
public import SandboxAPI
import SandboxCore

/// Where routes are registered: every one states what it needs, and the server checks it before the handler runs.
public struct ServerRoutes {
    let router: Router<ServerContext>
    private(set) var registered: [APIRoute] = []

    private let access: any AccessVerifying

    init(router: Router<ServerContext>, access: any AccessVerifying) {
        self.router = router
        self.access = access
    }

    /// Parts of something that was noted when it began, or the making of what is there already.
    private static let unnoted: Set<String> = [
        APIRoute.writeInput.id, APIRoute.resizeExec.id, APIRoute.prepareSession.id, APIRoute.probeBackend.id,
        APIRoute.checkPackages.id,
    ]

    /// Registers an operation of the API. Query words that the table does not know are refused.
    mutating func on(
        _ route: APIRoute, _ handler: @escaping @Sendable (Request, ServerContext, RequestQuery) async throws -> Response
    ) {
        registered.append(route)
        let access = access
        let changes = route.method != "GET" && route.scope != .read && !Self.unnoted.contains(route.id)
        router.on(RouterPath(route.path), method: HTTPRequest.Method(rawValue: route.method) ?? .get) { request, context in
            if let scope = route.scope { try context.granted().require(scope) }
            let query = try RequestQuery(request, route)
            let response = try await handler(request, context, query)
            if changes, let holder = context.grant?.holder {
                var facts: [String: String] = [:]
                for name in ["exec", "build", "conflict", "settlement"] {
                    if let value = context.parameters.get(name) { facts[name] = value }
                }
                if let image = try? query.text("image") { facts["image"] = image }
                if (try? query.flag("dryRun")) == true { facts["dryRun"] = "true" }
                let session = context.parameters.get("session").flatMap { try? SessionID(validating: $0) }
                await access.noteChange(route.id, by: holder, session: session, facts)
            }
            return response
        }
    }

    /// Registers a route that is not part of the API, such as a door for another protocol. With a scope the request needs a token that has it;
    /// nil lets everybody in, and the handler decides by itself.
    public func add(
        _ method: HTTPRequest.Method, _ path: String, scope: APIRoute.Scope?,
        _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
    ) {
        let access = access
        router.on(RouterPath(path), method: method) { request, context in
            guard let scope else { return try await handler(request, context) }
            let grant = try context.granted()
            try grant.require(scope)
            let response = try await handler(request, context)
            if method != .get, method != .head, scope != .read {
                await access.noteChange("\(method.rawValue) \(path)", by: grant.holder, session: grant.session, [:])
            }
            return response
        }
    }
}

/// Adds routes to the server: other protocols, a web page.
public protocol RouteContributor: Sendable {
    /// Requests below this path are the contributor's alone: it finds out who asks, and refuses, in its own protocol's words. Nil: none are.
    var ownPrefix: String? { get }
    /// Called once, before the server listens.
    func addRoutes(to routes: ServerRoutes)
    /// Serves a WebSocket below the contributor's own prefix; nil leaves it an ordinary request.
    func socket(for request: SocketRequest) async -> SocketHandler?
    /// What goes on while the server runs; cancelled at its end.
    func run() async
    /// Words what the server refuses below the contributor's own prefix, such as a path that is not there; nil leaves it to the server.
    func refusal(of request: Request, _ error: any Error) -> Response?
}

extension RouteContributor {
    /// None.
    public var ownPrefix: String? { nil }
    /// None.
    public func socket(for request: SocketRequest) async -> SocketHandler? { nil }
    /// Nothing.
    public func run() async {}
    /// None.
    public func refusal(of request: Request, _ error: any Error) -> Response? { nil }
}
