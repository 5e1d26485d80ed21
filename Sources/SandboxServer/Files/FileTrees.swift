import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SystemPackage

/// Whole trees: manifest, tar in and out, and watching.
struct FileTrees: Sendable {
    let routes: FileRoutes

    func add(to table: inout ServerRoutes) {
        table.on(.manifest) { request, context, query in try await manifest(context, query) }
        table.on(.watchFiles) { request, context, query in try await watch(context, query) }
        table.on(.exportTree) { _, context, query in
            let items = try await routes.files(context).export(query.path("path") ?? ".", paths: query.paths("only"))
            let source = try await FirstPiece.of(TarStreams.bytes(of: items))
            return ByteAnswer.response(.ok, type: "application/x-tar") { try await source.next() }
        }
        table.on(.importTree) { request, context, query in
            let items = TarStreams.items(of: request.byteStream())
            let refused = try await routes.files(context).import(items, into: query.path("path") ?? ".")
            return try JSONAnswer.response(
                .ok, ImportResultBody(refused: refused.map { .init(path: WirePath($0.path), reason: $0.reason) }))
        }
    }

    private func manifest(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let entries = try await FirstPiece.of(
            routes.files(context).manifest(of: query.path("path") ?? ".", digests: query.flag("digests") ?? false))
        return EventFormat.lines.response { writer in
            do {
                while let entry = try await entries.next() {
                    try await writer.write(EventFormat.lines.frame(ManifestLine(entry: FileEntryBody(entry)), word: "entry"))
                }
                try await writer.write(EventFormat.lines.frame(ManifestLine(end: true), word: "end"))
            } catch let error where !(error is CancellationError) {
                let failure = ErrorBody.Failure(error, requestId: context.requestID)
                try await writer.write(EventFormat.lines.frame(ManifestLine(error: failure), word: "error"))
            }
        }
    }

    private func watch(_ context: ServerContext, _ query: RequestQuery) async throws -> Response {
        let changes = try await routes.files(context).watch(query.path("path") ?? ".", recursive: query.flag("recursive") ?? false)
        let keepalive = routes.desk.options.keepalive
        return EventFormat.lines.response { writer in
            var out = writer
            try await out.write(EventFormat.lines.frame(FileChangeBody(kind: "watching"), word: "watching"))
            try await LiveStream.run(
                keepalive: keepalive,
                source: {
                    var iterator = changes.makeAsyncIterator()
                    return try await iterator.next()
                },
                write: { item in
                    let line: FileChangeBody
                    switch item {
                    case .element(let change): line = FileChangeBody(kind: change.kind.rawValue, path: WirePath(change.path))
                    case .silence: line = FileChangeBody(kind: "keepalive")
                    case .notice(let notice):
                        line = FileChangeBody(
                            kind: "error", error: ErrorBody.Failure(SandboxError(.unavailable, notice.message, remedy: "watch again")))
                    case .failure(let error): line = FileChangeBody(kind: "error", error: ErrorBody.Failure(error))
                    case .end, .gone: return false
                    }
                    try await out.write(EventFormat.lines.frame(line, word: line.kind))
                    return true
                })
            writer = out
        }
    }
}
