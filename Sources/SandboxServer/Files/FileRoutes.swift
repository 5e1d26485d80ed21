import HTTPTypes
import Hummingbird
import SandboxAPI
import SandboxCore
import SandboxEngine
import SystemPackage

/// `/v1/sessions/{session}/files`.
struct FileRoutes: Sendable {
    let desk: SessionDesk

    func add(to routes: inout ServerRoutes) {
        let content = FileContent(routes: self)
        routes.on(.readFile) { request, context, query in try await content.read(request, context, query) }
        routes.on(.writeFile) { request, context, query in try await content.write(request, context, query) }
        routes.on(.statFile) { _, context, query in
            let entry = try await files(context).stat(path(query), followsLinks: query.flag("follow") ?? false)
            return try JSONAnswer.response(.ok, FileEntryBody(entry))
        }
        routes.on(.listFiles) { _, context, query in
            let limit = try query.integer("limit") ?? 1000
            let page = try await files(context).list(query.path("path") ?? ".", after: query.path("after"), limit: limit)
            return try JSONAnswer.response(.ok, FileListBody(entries: page.entries.map(FileEntryBody.init), more: page.more))
        }
        routes.on(.removeFile) { _, context, query in
            try await files(context).remove(path(query), recursive: query.flag("recursive") ?? false)
            return Response(status: .noContent)
        }
        addChanges(to: &routes)
        addSearches(to: &routes)
        FileTrees(routes: self).add(to: &routes)
    }

    private func addChanges(to routes: inout ServerRoutes) {
        routes.on(.makeDirectory) { request, context, _ in
            let body = try await request.decoded(DirectoryCreation.self)
            try await files(context).makeDirectory(body.path.path, mode: mode(body.mode ?? 0o755), parents: body.parents ?? false)
            return Response(status: .noContent)
        }
        routes.on(.moveFile) { request, context, _ in
            let body = try await request.decoded(FileMove.self)
            try await files(context).move(body.from.path, to: body.to.path, overwrite: body.overwrite ?? false)
            return Response(status: .noContent)
        }
        routes.on(.linkFile) { request, context, _ in
            let body = try await request.decoded(LinkCreation.self)
            try await files(context).makeSymbolicLink(body.path.path, target: body.target.path)
            return Response(status: .noContent)
        }
        routes.on(.changeMode) { request, context, _ in
            let body = try await request.decoded(ModeChange.self)
            try await files(context).changeMode(body.path.path, mode: mode(body.mode))
            return Response(status: .noContent)
        }
        routes.on(.editFile) { request, context, _ in
            let body = try await request.decoded(FileEditBody.self)
            return try JSONAnswer.response(.ok, try await ExactEdit(edits: body.edits).apply(to: body.path.path, in: files(context)))
        }
    }

    private func addSearches(to routes: inout ServerRoutes) {
        routes.on(.globFiles) { request, context, _ in
            let body = try await request.decoded(GlobBody.self)
            let found = try await files(context).glob(
                body.pattern, root: body.root?.path ?? ".", limit: Count.check(body.limit ?? 1000, "limit", 1...10_000),
                includesHidden: body.hidden ?? false)
            return try JSONAnswer.response(.ok, FileListBody(entries: found.entries.map(FileEntryBody.init), more: found.more))
        }
        routes.on(.grepFiles) { request, context, _ in
            let search = try await request.decoded(GrepBody.self).search()
            let found = try await files(context).grep(search)
            return try JSONAnswer.response(
                .ok, GrepResultBody(matches: found.matches.map(GrepResultBody.Match.init), truncated: found.truncated))
        }
    }

    func files(_ context: ServerContext) async throws -> any SandboxFileSystem {
        try await desk.engine.files(in: desk.sessionID(context))
    }

    /// The table says that it is required, so it is there.
    func path(_ query: RequestQuery) throws -> FilePath { try query.path("path") ?? "." }

    private func mode(_ value: UInt32) throws -> UInt32 {
        guard value <= 0o7777 else {
            throw SandboxError(.invalidArgument, "'mode' is \(value)", remedy: "use permission bits, 0 to 4095")
        }
        return value
    }
}
