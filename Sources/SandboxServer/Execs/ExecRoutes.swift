import HTTPTypes
import Hummingbird
import NIOCore
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/sessions/{session}/execs`.
struct ExecRoutes: Sendable {
    let desk: SessionDesk
    let starting: ExecStarting

    private var engine: Engine { desk.engine }

    func add(to routes: inout ServerRoutes) {
        routes.on(.startExec) { request, context, _ in try await starting.start(request, context) }
        routes.on(.listExecs) { request, context, query in try await list(context, query) }
        routes.on(.getExec) { _, context, _ in try JSONAnswer.response(.ok, try await body(of: exec(context))) }
        routes.on(.forgetExec) { _, context, _ in
            try await engine.forget(exec(context).id)
            return Response(status: .noContent)
        }
        routes.on(.execEvents) { request, context, query in try await events(request, context, query) }
        routes.on(.execOutput) { request, context, query in try await output(context, query) }
        routes.on(.writeInput) { request, context, query in try await write(request, context, query) }
        routes.on(.signalExec) { request, context, _ in
            let id = try await exec(context).id
            let body = try await request.decoded(SignalBody.self)
            try await engine.signal(id, ExecSignal(parsing: body.signal), wholeTree: body.tree ?? false)
            return Response(status: .noContent)
        }
        routes.on(.resizeExec) { request, context, _ in
            let id = try await exec(context).id
            try await engine.attach(to: id).resize(request.decoded(ResizeBody.self).size())
            return Response(status: .noContent)
        }
        routes.on(.waitExec) { _, context, query in try await wait(context, query) }
        routes.on(.cancelExec) { _, context, _ in
            try await engine.cancel(exec(context).id)
            return Response(status: .noContent)
        }
    }

    private func exec(_ context: ServerContext) async throws -> ExecRecord {
        let session = try await desk.sessionID(context)
        let text = context.parameters.get("exec") ?? ""
        guard let id = try? ExecID(validating: text), let record = try? await engine.exec(id), record.session == session else {
            throw SandboxError(.notFound, "session \(session) has no exec '\(text.prefix(80))'", remedy: "list its execs")
        }
        return record
    }

    private func body(of record: ExecRecord) -> ExecBody {
        ExecBody(record, available: record.ending?.offsets ?? engine.outputExtent(of: record.id))
    }

    private func list(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let session = try await desk.sessionID(context)
        let limit = try query.integer("limit") ?? 100
        var found = try await engine.execs(in: session, includingEnded: !(query.flag("running") ?? false))[...]
        if let tail = try query.integer("tail") { found = found.suffix(tail) }
        if let after = try query.text("after"), let position = found.firstIndex(where: { $0.id.rawValue == after }) {
            found = found[(position + 1)...]
        }
        let page = found.prefix(limit)
        return try JSONAnswer.response(
            .ok, ExecPage(execs: page.map(body), next: page.count < found.count ? page.last?.id : nil))
    }

    private func events(_ request: Request, _ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let record = try await exec(context)
        var offsets = OutputOffsets(
            standardOutput: UInt64(try query.integer("stdout") ?? 0), standardError: UInt64(try query.integer("stderr") ?? 0))
        if let last = request.headers[.lastEventID] { offsets = try Self.offsets(last) }
        let stream = ExecStream(format: EventFormat(request), keepalive: desk.options.keepalive, requestID: context.requestID)
        guard try query.flag("follow") ?? true else {
            let parts = [
                try await engine.output(of: record.id, channel: .standardOutput, from: offsets.standardOutput),
                try await engine.output(of: record.id, channel: .standardError, from: offsets.standardError),
            ]
            let present = PresentOutput(parts, ending: record.ending)
            return stream.response(begin: nil, offsets: offsets, events: { try await present.next() }, afterwards: {})
        }
        let running = try await engine.attach(to: record.id, from: offsets)
        let events = running.events
        return stream.response(
            begin: nil, offsets: offsets,
            events: {
                var iterator = events.makeAsyncIterator()
                return try await iterator.next()
            }, afterwards: { await running.detach() })
    }

    private static func offsets(_ text: String) throws -> OutputOffsets {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard parts.count == 2, let out = parts[0], let err = parts[1] else {
            throw SandboxError(.invalidArgument, "the Last-Event-ID is not one of this stream's", remedy: "send the last one that came")
        }
        return OutputOffsets(standardOutput: out, standardError: err)
    }

    private func output(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let record = try await exec(context)
        guard let channel = OutputChannel(rawValue: context.parameters.get("stream") ?? "") else {
            throw SandboxError(.notFound, "an exec has the streams stdout and stderr", remedy: "name one of them")
        }
        let offset = UInt64(try query.integer("offset") ?? 0)
        let limit = try query.integer("limit").map { UInt64($0) } ?? .max
        let follows = try query.flag("follow") ?? false
        let source = RawOutput(
            try await engine.output(of: record.id, channel: channel, from: offset, follow: follows), offset: offset, limit: limit)
        return ByteAnswer.response(.ok, keepsOpen: follows) { try await source.next() }
    }

    private func write(_ request: Request, _ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let running = try await engine.attach(to: exec(context).id)
        for try await piece in request.byteStream() where !piece.isEmpty { try await running.write(piece) }
        if try query.flag("close") ?? false { try await running.closeInput() }
        return Response(status: .noContent)
    }

    private func wait(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let record = try await exec(context)
        let limit = Duration.milliseconds(try query.integer("timeoutMs") ?? 30_000)
        let engine = engine
        let found = try await WhileAsked.run("exec \(record.id)") {
            try await withThrowingTaskGroup(of: ExecRecord?.self) { group in
                group.addTask { try await engine.wait(for: record.id) }
                group.addTask {
                    try? await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        }
        if let found { return try JSONAnswer.response(.ok, body(of: found)) }
        return try JSONAnswer.response(.ok, body(of: try await engine.exec(record.id)))
    }
}
