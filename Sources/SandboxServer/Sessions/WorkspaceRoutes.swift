import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxWorkspace

/// `/v1/sessions/{session}`: a synced workspace and its conflicts.
struct WorkspaceRoutes: Sendable {
    let desk: SessionDesk

    private static let entries = 10_000

    private var engine: Engine { desk.engine }

    func add(to routes: inout ServerRoutes) {
        routes.on(.pushWorkspace) { request, context, query in try await carry(to: .sandbox, request, context, query) }
        routes.on(.pullWorkspace) { request, context, query in try await carry(to: .host, request, context, query) }
        routes.on(.diffWorkspace) { _, context, query in
            let session = try await desk.session(context)
            return try answer(try await engine.compareWorkspace(session.id), dryRun: true, query)
        }
        routes.on(.workspaceStatus) { _, context, _ in
            let session = try await desk.sessionID(context)
            guard let status = try await engine.workspaceStatus(session) else {
                throw SandboxError(
                    .unsupported, "the workspace of session \(session) is not synced", remedy: "open a session with a synced workspace")
            }
            return try JSONAnswer.response(.ok, WorkspaceStatusBody(status))
        }
        routes.on(.listConflicts) { _, context, _ in
            let session = try await desk.sessionID(context)
            var all: [ConflictBody] = []
            for conflict in try await engine.conflicts(of: session) { all.append(try await body(conflict, session)) }
            return try JSONAnswer.response(.ok, ConflictList(conflicts: all))
        }
        routes.on(.getConflict) { _, context, _ in
            let session = try await desk.sessionID(context)
            return try JSONAnswer.response(.ok, try await body(try await engine.conflict(name(context), of: session), session))
        }
        routes.on(.conflictContent) { _, context, query in
            let session = try await desk.sessionID(context)
            return try await content(context, session, try query.word("version") ?? ConflictVersion.sandbox)
        }
        routes.on(.settleConflict) { _, context, _ in
            let session = try await desk.sessionID(context)
            guard let settlement = ConflictSettlement(rawValue: context.parameters.get("settlement") ?? "") else {
                throw SandboxError(
                    .notFound, "that is no way to settle a conflict",
                    remedy: "use " + ConflictSettlement.allCases.map(\.rawValue).joined(separator: ", "))
            }
            try await engine.settle(name(context), of: session, settlement)
            return Response(status: .noContent)
        }
    }

    private func name(_ context: ServerContext) -> String { context.parameters.get("conflict") ?? "" }

    private func body(_ conflict: WorkspaceConflict, _ session: SessionID) async throws -> ConflictBody {
        try ConflictBody(conflict, versions: try await engine.versions(of: conflict, in: session))
    }

    private func carry(to side: WorkspaceSide, _ request: Request, _ context: ServerContext, _ query: RequestQuery) async throws -> Response
    {
        let session = try await desk.sessionID(context)
        let (engine, dryRun, limit) = (engine, try query.flag("dryRun") ?? false, try query.integer("limit") ?? Self.entries)
        let work: SyncStream.Work = { progress in
            if dryRun { return try SyncReportBody(try await engine.compareWorkspace(session, changing: side), dryRun: true, limit: limit) }
            let report =
                side == .sandbox
                ? try await engine.push(session, progress: progress) : try await engine.pull(session, progress: progress)
            return try SyncReportBody(report, dryRun: false, limit: limit)
        }
        guard try query.flag("stream") ?? false else { return try JSONAnswer.response(.ok, try await work { _ in }) }
        // What is refused at once is an ordinary answer, as without a stream.
        guard try await engine.workspaceStatus(session) != nil else { return try JSONAnswer.response(.ok, try await work { _ in }) }
        return SyncStream.response(EventFormat(request), keepalive: desk.options.keepalive, requestID: context.requestID, work)
    }

    private func answer(_ report: SyncReport, dryRun: Bool, _ query: RequestQuery) throws -> Response {
        let limit = try query.integer("limit") ?? Self.entries
        return try JSONAnswer.response(.ok, try SyncReportBody(report, dryRun: dryRun, limit: limit))
    }

    private func content(_ context: ServerContext, _ session: SessionID, _ version: ConflictVersion) async throws -> Response {
        guard let bytes = try await engine.content(of: name(context), version, in: session) else {
            throw SandboxError(
                .notFound, "there is no content of the version '\(version.rawValue)' of this conflict",
                remedy: "the conflict's `versions` are those that can be had")
        }
        return ByteAnswer.response(whole: bytes)
    }
}
