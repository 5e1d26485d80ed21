import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine

extension DaytonaServer {
    func addControlPlane(to routes: CompatRoutes) {
        routes.on(.post, "sandbox") { request, _ in
            await answer(request, from: .api) {
                let caller = try await caller(request)
                let message: DaytonaMessages.Create = try await CompatJSON.decode(from: request)
                return sandbox(try await sandboxes.create(message, for: caller), request)
            }
        }
        routes.on(.get, "sandbox") { request, _ in await answer(request, from: .api) { try await list(request) } }
        one(.get, "sandbox/:id", routes) { request, found in sandbox(found, request) }
        one(.delete, "sandbox/:id", routes) { request, found in
            try await sandboxes.end(found)
            forget(found)
            var gone = found
            gone.state = .closed
            return sandbox(gone, request)
        }
        one(.get, "sandbox/:id/toolbox-proxy-url", routes) { request, _ in
            CompatJSON.response(DaytonaMessages.Address(url: toolbox(request)))
        }
        one(.put, "sandbox/:id/labels", routes) { request, found in
            let message: DaytonaMessages.Labels = try await CompatJSON.decode(from: request)
            try await sandboxes.setLabels(message.labels, of: found)
            return CompatJSON.response(message)
        }
        one(.post, "sandbox/:id/last-activity", routes) { _, found in
            try await sandboxes.touch(found)
            return Response(status: .ok)
        }
        one(.post, "sandbox/:id/start", routes) { request, found in sandbox(try await sandboxes.start(found), request) }
        one(.post, "sandbox/:id/stop", routes) { request, found in
            let stopped = try await sandboxes.stop(found, politely: request.uri.queryParameters["force"] != "true")
            forget(found)
            return sandbox(stopped, request)
        }
        interval("autostop", routes) { try await sandboxes.setAutoStop($0, of: $1) }
        interval("autodelete", routes) { try await sandboxes.setAutoDelete($0, of: $1) }
        interval("ttl", routes) { try await sandboxes.setLife($0, of: $1) }
    }

    private func sandbox(_ record: SessionRecord, _ request: Request) -> Response {
        CompatJSON.response(record.daytonaSandbox(toolbox: toolbox(request)))
    }

    /// A call about one sandbox, which is named by id or by name.
    private func one(
        _ method: HTTPRequest.Method, _ path: String, _ routes: CompatRoutes,
        _ work: @escaping @Sendable (Request, SessionRecord) async throws -> Response
    ) {
        routes.on(method, path) { request, parameters in
            await answer(request, from: .api) {
                let caller = try await caller(request)
                return try await work(request, try await sandboxes.find(try parameters.text("id"), for: caller))
            }
        }
    }

    private func interval(
        _ name: String, _ routes: CompatRoutes, _ work: @escaping @Sendable (Int, SessionRecord) async throws -> Void
    ) {
        routes.on(.post, "sandbox/:id/\(name)/:minutes") { request, parameters in
            await answer(request, from: .api) {
                let caller = try await caller(request)
                let id = try parameters.text("id")
                let text = try parameters.text("minutes")
                guard let minutes = Int(text) else { throw DaytonaFailure(400, "'\(text.prefix(20))' is not a number of minutes") }
                try await work(minutes, try await sandboxes.find(id, for: caller))
                return sandbox(try await sandboxes.find(id, for: caller), request)
            }
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let caller = try await caller(request)
        let query = request.uri.queryParameters
        let labels = LabelText.read(query["labels"].map(String.init))
        let states = Set(query.getAll("states").flatMap { $0.split(separator: ",").map(String.init) })
        let name = query["name"].map { $0.lowercased() }
        let id = query["id"].map { $0.lowercased() }
        let limit = query["limit"].flatMap { Int($0) } ?? 100
        guard (1...200).contains(limit) else { throw DaytonaFailure(400, "the limit is 1 to 200") }
        let start = try query["cursor"].map { text in
            guard let number = Int(text), number >= 0 else { throw DaytonaFailure(400, "the cursor is not one of ours") }
            return number
        }
        let all = try await sandboxes.sessions.all(for: caller).map { $0.daytonaSandbox(toolbox: toolbox(request)) }.filter { found in
            (states.isEmpty || states.contains(found.state)) && labels.allSatisfy { found.labels[$0.key] == $0.value }
                && (name.map { found.name.lowercased().hasPrefix($0) } ?? true) && (id.map { found.id.lowercased().hasPrefix($0) } ?? true)
        }
        let page = all.dropFirst(start ?? 0).prefix(limit)
        return CompatJSON.response(
            DaytonaMessages.Page(items: Array(page), nextCursor: page.endIndex < all.count ? "\(page.endIndex)" : nil))
    }
}
