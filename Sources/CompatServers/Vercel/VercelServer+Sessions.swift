import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine

extension VercelServer {
    func addSessions(to routes: CompatRoutes) {
        routes.on(.get, "v2/sandboxes/sessions") { request, _ in
            await answer {
                let caller = try await caller(request)
                let query = request.uri.queryParameters
                let name = query["name"].map(String.init)
                let all = try await sandboxes.all(project: query["project"].map(String.init), for: caller)
                let (page, next) = try Self.page(all.filter { name == nil || $0.name == name }, query)
                return CompatJSON.response(
                    VercelMessages.Sessions(
                        sessions: page.map(\.session), pagination: VercelMessages.Pagination(count: page.count, next: next)))
            }
        }
        routes.on(.get, "v2/sandboxes/sessions/:session") { request, parameters in
            await answer {
                let found = try await sandboxes.session(try parameters.text("session"), for: try await caller(request))
                return CompatJSON.response(VercelMessages.OfSession(session: found.session))
            }
        }
        routes.on(.post, "v2/sandboxes/sessions/:session/stop") { request, parameters in
            await answer {
                let caller = try await caller(request)
                let found = try await sandboxes.session(try parameters.text("session"), for: caller)
                let stopped = try await sandboxes.stop(found, for: caller)
                return CompatJSON.response(VercelMessages.OfSession(session: stopped.session, sandbox: stopped.sandbox))
            }
        }
        inside(.post, "extend-timeout", routes) { request, found, _ in
            let message: VercelMessages.Duration = try await CompatJSON.decode(from: request)
            return CompatJSON.response(
                VercelMessages.OfSession(session: try await sandboxes.extend(found, by: message.duration).session))
        }
        inside(.post, "network-policy", routes) { request, found, _ in
            try VercelSandboxes.refuseNetworkChange(try await CompatJSON.decode(from: request), of: found)
            return CompatJSON.response(VercelMessages.OfSession(session: found.session))
        }
        inside(.post, "snapshot", routes) { _, _, _ in throw VercelFailure.unserved("snapshots are not served by this server") }
    }

    func addCommands(to routes: CompatRoutes) {
        inside(.post, "cmd", routes) { request, found, _ in try await commands.start(request, in: found) }
        inside(.get, "cmd", routes) { _, found, _ in CompatJSON.response(try await commands.list(in: found)) }
        inside(.get, "cmd/:command", routes) { request, found, named in
            let waits = request.uri.queryParameters["wait"] == "true"
            return CompatJSON.response(try await commands.command(try named.text("command"), waits: waits, in: found))
        }
        inside(.get, "cmd/:command/logs", routes) { _, found, named in try await commands.logs(try named.text("command"), in: found) }
        inside(.post, "cmd/:command/kill", routes) { request, found, named in
            CompatJSON.response(
                try await commands.kill(try named.text("command"), try await CompatJSON.decode(from: request), in: found))
        }
        inside(.post, "cmd/:command/stdin", routes) { request, found, named in
            CompatJSON.response(
                try await commands.input(try named.text("command"), try await CompatJSON.decode(from: request), in: found))
        }
        inside(.post, "fs/write", routes) { request, found, _ in
            try await files.write(request, in: found)
            return CompatJSON.response(CommandMessages.Empty())
        }
        inside(.post, "fs/read", routes) { request, found, _ in
            try await files.read(try await CompatJSON.decode(from: request), in: found)
        }
        inside(.post, "fs/mkdir", routes) { request, found, _ in
            try await files.makeDirectory(try await CompatJSON.decode(from: request), in: found)
            return CompatJSON.response(CommandMessages.Empty())
        }
        inside(.post, "interactive", routes) { request, found, _ in
            let scheme = request.head.scheme == "https" ? "wss" : "ws"
            return CompatJSON.response(
                CommandMessages.Terminal(
                    url: "\(scheme)://\(request.head.authority ?? "localhost")\(Self.prefix)/terminal", token: try tickets.issue(for: found)
                ))
        }
    }

    /// A call in a session that runs.
    private func inside(
        _ method: HTTPRequest.Method, _ path: String, _ routes: CompatRoutes,
        _ work: @escaping @Sendable (Request, VercelRecord, Parameters) async throws -> Response
    ) {
        routes.on(method, "v2/sandboxes/sessions/:session/\(path)") { request, parameters in
            await answer {
                let caller = try await caller(request)
                return try await work(request, try await sandboxes.running(try parameters.text("session"), for: caller), parameters)
            }
        }
    }
}
