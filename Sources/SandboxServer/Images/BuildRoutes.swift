import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/images/builds`: a build goes on whoever listens, until it is cancelled.
struct BuildRoutes: Sendable {
    let desk: SessionDesk

    private var images: EngineImages { desk.engine.images }

    func add(to routes: inout ServerRoutes) {
        routes.on(.startBuild) { request, context, _ in try await start(request, context) }
        routes.on(.listBuilds) { _, context, _ in
            try context.granted().require(session: nil)
            return try JSONAnswer.response(.ok, ImageBuildListBody(builds: images.jobs.map(ImageBuildBody.init)))
        }
        routes.on(.getBuild) { _, context, _ in try JSONAnswer.response(.ok, ImageBuildBody(try images.job(id(context)))) }
        routes.on(.cancelBuild) { _, context, _ in
            try images.cancel(id(context))
            return Response(status: .noContent)
        }
        routes.on(.buildEvents) { request, context, query in
            var after = try query.integer("after") ?? 0
            if let last = request.headers[.lastEventID] {
                guard let number = Int(last), number >= 0 else {
                    throw SandboxError(
                        .invalidArgument, "the Last-Event-ID is not one of this stream's", remedy: "send the last one that came")
                }
                after = number
            }
            return try stream(id(context), after: min(after, .max - 1), request, context)
        }
    }

    private func start(_ request: Request, _ context: ServerContext) async throws -> Response {
        let grant = try context.granted()
        try grant.require(session: nil)
        let wish = try await request.decoded(ImageBuildCreation.self)
        if wish.dockerfile != nil {
            do {
                try grant.require(.admin)
            } catch {
                throw SandboxError(
                    .denied, "the commands of a Dockerfile reach the network, which needs the scope 'admin'",
                    remedy: "name packages, or use a token with that scope")
            }
        }
        let job = try images.start(try await wish.spec(images), on: wish.backend, options: wish.options, saveAs: wish.name)
        switch wish.mode ?? .background {
        case .background:
            return try JSONAnswer.response(.created, ImageBuildBody(job), headers: [.location: "/v1/images/builds/\(job.id)"])
        case .wait:
            let over = try await WhileAsked.run("build \(job.id)") { try await images.wait(for: job.id) }
            if over.state == .failed, let failure = over.failure { throw failure }
            return try JSONAnswer.response(.ok, ImageBuildBody(over))
        case .stream: return try stream(job.id, after: 0, request, context)
        }
    }

    private func id(_ context: ServerContext) throws -> ImageBuildID {
        try context.granted().require(session: nil)
        let text = context.parameters.get("build") ?? ""
        guard let id = try? ImageBuildID(validating: text) else {
            throw SandboxError(.notFound, "there is no build '\(text.prefix(80))'", remedy: "list the builds")
        }
        return id
    }

    private func stream(_ id: ImageBuildID, after line: Int, _ request: Request, _ context: ServerContext) throws -> Response {
        let events = try images.follow(id, after: line)
        let format = EventFormat(request)
        let (keepalive, requestID) = (desk.options.keepalive, context.requestID)
        return format.response { writer in
            var out = writer
            var seen = line
            try await LiveStream.run(
                keepalive: keepalive,
                source: {
                    var iterator = events.makeAsyncIterator()
                    return try await iterator.next()
                },
                write: { item in
                    let event: ImageBuildEvent
                    switch item {
                    case .element(let told):
                        if case .line(let number, _) = told { seen = number }
                        event = ImageBuildEvent(told)
                    case .silence: event = .other(.keepalive)
                    case .notice(let notice): event = .other(.notice(notice))
                    case .failure(let error): event = .other(.failure(ErrorBody.Failure(error, requestId: requestID)))
                    case .end, .gone: return false
                    }
                    try await out.write(format.frame(event, word: event.word, id: "\(seen)"))
                    return true
                })
            writer = out
        }
    }
}
