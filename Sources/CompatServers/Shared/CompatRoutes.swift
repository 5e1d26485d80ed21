import HTTPTypes
import Hummingbird
import SandboxServer

/// Registers one service's calls below its prefix. They find out by themselves who calls: each service has its own way to say so.
struct CompatRoutes {
    private let routes: ServerRoutes
    private let prefix: String

    init(_ routes: ServerRoutes, prefix: String) {
        self.routes = routes
        self.prefix = prefix
    }

    func on(
        _ method: HTTPRequest.Method, _ path: String, _ handler: @escaping @Sendable (Request, Parameters) async -> Response
    ) {
        routes.add(method, "\(prefix)/\(path)", scope: nil) { request, context in await handler(request, context.parameters) }
    }
}
