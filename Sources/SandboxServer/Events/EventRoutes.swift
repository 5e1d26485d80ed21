import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine

/// `/v1/events`: the engine's one ordered feed.
struct EventRoutes: Sendable {
    let desk: SessionDesk

    func add(to routes: inout ServerRoutes) {
        routes.on(.events) { request, context, query in try await events(request, context, query) }
    }

    private func events(_ request: Request, _ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        var after = Int64(try query.integer("after") ?? 0)
        if let last = request.headers[.lastEventID] {
            guard let number = Int64(last), number >= 0 else {
                throw SandboxError(.invalidArgument, "the Last-Event-ID is not one of this feed's", remedy: "send the last one that came")
            }
            after = number
        }
        let grant = try context.granted()
        var session = try await query.text("session").asyncMap { try await desk.engine.session($0).id }
        if let only = grant.session {
            try session.map { try grant.require(session: $0) }
            session = only
        }
        // Who takes the feed up again knows where; the tail is for a first look.
        if request.headers[.lastEventID] == nil, let tail = try query.integer("tail") {
            after = try await desk.engine.eventSequence(beforeLast: tail, session: session)
        }
        let feed = desk.engine.events(after: after, session: session, follow: try query.flag("follow") ?? true)
        let format = EventFormat(request)
        let (keepalive, patience, requestID) = (desk.options.keepalive, desk.options.slowConsumer, context.requestID)
        return format.response { writer in
            var out = writer
            try await LiveStream.run(
                keepalive: keepalive,
                source: {
                    var iterator = feed.makeAsyncIterator()
                    return try await iterator.next()
                },
                write: { item in
                    let start = ContinuousClock.now
                    switch item {
                    case .element(let event):
                        try await out.write(format.frame(EventBody(event), word: event.kind.rawValue, id: "\(event.sequence)"))
                    case .silence: try await out.write(format.frame(StreamEvent.keepalive, word: "keepalive"))
                    case .notice(let notice): try await out.write(format.frame(StreamEvent.notice(notice), word: "notice"))
                    case .failure(let error):
                        try await out.write(
                            format.frame(StreamEvent.failure(ErrorBody.Failure(error, requestId: requestID)), word: "error"))
                    case .end, .gone: return false
                    }
                    guard ContinuousClock.now - start > patience else { return true }
                    // Nothing was skipped and nothing will be: it begins again behind the last event that it saw.
                    let notice = StreamEvent.Notice(.slowConsumer, "events were not read for too long; go on behind the last one that came")
                    try await out.write(format.frame(StreamEvent.notice(notice), word: "notice"))
                    return false
                })
            writer = out
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await body(self)
    }
}
