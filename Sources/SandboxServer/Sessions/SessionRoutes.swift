import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/sessions`.
struct SessionRoutes: Sendable {
    let desk: SessionDesk

    private var engine: Engine { desk.engine }

    func add(to routes: inout ServerRoutes) {
        routes.on(.createSession) { request, context, _ in try await create(request, context) }
        routes.on(.listSessions) { _, context, query in try await list(context, query) }
        routes.on(.getSession) { _, context, _ in try JSONAnswer.response(.ok, SessionBody(try await desk.session(context))) }
        routes.on(.changeSession) { request, context, _ in
            let session = try await desk.session(context)
            let change = try await request.decoded(SessionChange.self)
            if change.sandbox == false { try context.granted().require(.admin) }
            if case .root = change.image { try context.granted().require(.admin) }
            return try JSONAnswer.response(.ok, SessionBody(try await changed(session, change)))
        }
        routes.on(.deleteSession) { _, context, query in
            try await engine.close(
                desk.sessionID(context), force: query.flag("force") ?? false, discard: query.flag("discard") ?? false)
            return Response(status: .noContent)
        }
        routes.on(.extendSession) { request, context, _ in
            let session = try await desk.sessionID(context)
            let body = try await request.decoded(SessionExtension.self)
            // An empty patch too is a use, so the idle time begins anew.
            return try JSONAnswer.response(.ok, SessionBody(try await engine.extend(session, body.patch())))
        }
        routes.on(.decideSession) { request, context, _ in
            try context.granted().require(session: nil)
            return try JSONAnswer.response(.ok, try await engine.decide(try await request.decoded(SessionCreation.self).request()))
        }
        routes.on(.sandboxUsage) { _, context, _ in
            let session = try await desk.sessionID(context)
            return try JSONAnswer.response(.ok, SandboxUsageBody(try await engine.usage(of: session)))
        }
        routes.on(.prepareSession) { _, context, _ in
            let session = try await desk.sessionID(context)
            let sandbox = try await engine.prepare(session)
            let reference = sandbox.reference
            return try JSONAnswer.response(
                .ok,
                SandboxBody(
                    session: session, sandbox: reference.id, backend: reference.backend, workspacePath: WirePath(sandbox.workspacePath)))
        }
    }

    /// All of it or nothing: what moves a session to another sandbox goes by itself.
    private func changed(_ session: SessionRecord, _ change: SessionChange) async throws -> SessionRecord {
        guard session.state == .ready, change.backend != nil || change.image != nil else {
            guard change.image == nil, change.force == nil else {
                throw SandboxError(
                    .unsupported, "'image' and 'force' move a session that has its sandbox to another one, and \(session.id) has none",
                    remedy: "open another session with that image")
            }
            return try await engine.update(session.id, change.patch())
        }
        var rest = change
        (rest.backend, rest.image, rest.force) = (nil, nil, nil)
        guard try rest.patch() == SessionPatch() else {
            throw SandboxError(
                .invalidArgument, "moving a session to another sandbox cannot be part of other changes", remedy: "change the rest by itself"
            )
        }
        return try await engine.move(session.id, to: change.backend, image: change.image?.choice, force: change.force ?? false)
    }

    private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
        let grant = try context.granted()
        try grant.require(session: nil)
        let body = try await request.decoded(SessionCreation.self)
        if body.reachesIntoHost {
            do {
                try grant.require(.admin)
            } catch {
                throw SandboxError(
                    .denied, "a session that reaches into the host (directories, images of it, no sandbox) needs the scope 'admin'",
                    remedy: "use a private workspace in a sandbox, or a token with that scope")
            }
        }
        let record = try await engine.open(body.request(), prepare: body.prepare ?? true)
        return try JSONAnswer.response(.created, SessionBody(record), headers: [.location: "/v1/sessions/\(record.id)"])
    }

    private func list(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let only = try context.granted().session
        let (name, agent, backend, after) = (
            try query.text("name"), try query.text("agent"), try query.text("backend"), try query.text("after")
        )
        let state = try query.word("state", as: SessionState.self)
        let includesClosed = try query.flag("closed") ?? (state == .closed)
        var found = try await engine.sessions(includingClosed: includesClosed)[...]
        if let after, let position = found.firstIndex(where: { $0.id.rawValue == after }) { found = found[(position + 1)...] }
        let matching = found.lazy.filter { record in
            (only == nil || record.id == only) && (name == nil || record.name == name) && (agent == nil || record.request.agent == agent)
                && (backend == nil || record.backend.rawValue == backend) && (state == nil || record.state == state)
        }
        let limit = try query.integer("limit") ?? 100
        let page = Array(matching.prefix(limit + 1))
        return try JSONAnswer.response(
            .ok,
            SessionPage(sessions: page.prefix(limit).map(SessionBody.init), next: page.count > limit ? page[limit - 1].id : nil))
    }
}
