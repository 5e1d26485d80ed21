import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine

extension VercelServer {
    func addSandboxes(to routes: CompatRoutes) {
        for path in ["v3/sandboxes", "v2/sandboxes"] {
            routes.on(.post, path) { request, _ in
                await answer {
                    let caller = try await caller(request)
                    let made = try await sandboxes.create(try await CompatJSON.decode(from: request), for: caller)
                    return whole(made)
                }
            }
        }
        routes.on(.get, "v2/sandboxes") { request, _ in await answer { try await list(request) } }
        named(.get, routes) { request, found, caller in
            guard request.uri.queryParameters["resume"] == "true", found.status != "running" else { return whole(found) }
            return whole(try await sandboxes.resume(found), resumed: true)
        }
        named(.patch, routes) { request, found, _ in
            let changed = try await sandboxes.update(found, try await CompatJSON.decode(from: request))
            return CompatJSON.response(VercelMessages.OfSandbox(sandbox: changed.sandbox))
        }
        named(.delete, routes) { _, found, caller in
            try await sandboxes.delete(found, for: caller)
            var gone = found
            gone.isEnded = true
            return CompatJSON.response(VercelMessages.OfSandbox(sandbox: gone.sandbox))
        }
        routes.on(.get, "v2/sandboxes/snapshots") { request, _ in
            await answer {
                _ = try await caller(request)
                return CompatJSON.response(VercelMessages.Snapshots())
            }
        }
    }

    private func whole(_ found: VercelRecord, resumed: Bool = false) -> Response {
        CompatJSON.response(VercelMessages.Whole(sandbox: found.sandbox, session: found.session, resumed: resumed))
    }

    /// A call about one sandbox, which is named.
    private func named(
        _ method: HTTPRequest.Method, _ routes: CompatRoutes,
        _ work: @escaping @Sendable (Request, VercelRecord, CompatCaller) async throws -> Response
    ) {
        routes.on(method, "v2/sandboxes/:name") { request, parameters in
            await answer {
                let caller = try await caller(request)
                let project = request.uri.queryParameters["projectId"].map(String.init)
                return try await work(request, try await sandboxes.find(try parameters.text("name"), project: project, for: caller), caller)
            }
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let caller = try await caller(request)
        let query = request.uri.queryParameters
        let prefix = query["namePrefix"].map(String.init) ?? ""
        let tags = query.getAll("tags").map { $0.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init) }
        var found = try await sandboxes.all(project: query["project"].map(String.init), for: caller).filter { one in
            one.name.hasPrefix(prefix) && tags.allSatisfy { $0.count == 2 && one.tags[$0[0]] == $0[1] }
        }
        if query["sortBy"] == "name" { found.sort { $0.name < $1.name } }
        if query["sortOrder"] != "asc" { found.reverse() }
        let (page, next) = try Self.page(found, query)
        return CompatJSON.response(
            VercelMessages.Sandboxes(sandboxes: page.map(\.sandbox), pagination: VercelMessages.Pagination(count: page.count, next: next)))
    }

    /// A part of a list, and where the next one begins.
    static func page<Item>(_ all: [Item], _ query: Parameters) throws -> ([Item], next: String?) {
        let limit = query["limit"].flatMap { Int($0) } ?? 50
        guard (1...100).contains(limit) else { throw VercelFailure(400, "bad_request", "the limit is 1 to 100") }
        let start = try query["cursor"].map { text in
            guard let number = Int(text), number >= 0 else { throw VercelFailure(400, "bad_request", "the cursor is not one of ours") }
            return number
        }
        let page = all.dropFirst(start ?? 0).prefix(limit)
        return (Array(page), page.endIndex < all.count ? "\(page.endIndex)" : nil)
    }
}
