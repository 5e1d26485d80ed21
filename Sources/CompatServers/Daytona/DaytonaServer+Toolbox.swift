import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine
import SandboxServer
import SystemPackage

extension DaytonaServer {
    func addToolbox(to routes: CompatRoutes) {
        inside(.post, "process/execute", routes) { request, session in
            CompatJSON.response(try await commands.execute(try await CompatJSON.decode(from: request), in: session))
        }
        inside(.post, "process/code-run", routes) { request, session in
            let message: ToolboxMessages.CodeRun = try await CompatJSON.decode(from: request)
            return CompatJSON.response(try await commands.run(message, in: session))
        }
        for path in ["work-dir", "user-home-dir"] {
            inside(.get, path, routes) { _, _ in CompatJSON.response(ToolboxMessages.Directory(dir: Self.home.string)) }
        }
        inside(.get, "version", routes) { _, _ in CompatJSON.response(ToolboxMessages.Version(version: Self.daemonVersion)) }
        addFiles(to: routes)
        addSessions(to: routes)
        addTerminals(to: routes)
    }

    /// The dialect of the toolbox that is spoken here.
    static let daemonVersion = "0.226.1"

    private func addFiles(to routes: CompatRoutes) {
        inside(.get, "files", routes) { request, session in
            let query = request.uri.queryParameters
            let depth = try query["depth"].map { text in
                guard let depth = Int(text) else { throw DaytonaFailure(400, "the depth is a number") }
                return depth
            }
            return CompatJSON.response(try await files.list(query["path"].map(String.init), depth: depth, in: session))
        }
        inside(.delete, "files", routes) { request, session in
            let query = request.uri.queryParameters
            try await files.remove(query["path"].map(String.init), recursive: query["recursive"] == "true", in: session)
            return Response(status: .noContent)
        }
        inside(.get, "files/info", routes) { request, session in
            CompatJSON.response(try await files.info(request.uri.queryParameters["path"].map(String.init), in: session))
        }
        inside(.post, "files/folder", routes) { request, session in
            let query = request.uri.queryParameters
            try await files.makeDirectory(query["path"].map(String.init), mode: query["mode"].map(String.init), in: session)
            return Response(status: .created)
        }
        inside(.post, "files/move", routes) { request, session in
            let query = request.uri.queryParameters
            try await files.move(query["source"].map(String.init), to: query["destination"].map(String.init), in: session)
            return Response(status: .ok)
        }
        inside(.get, "files/find", routes) { request, session in
            let query = request.uri.queryParameters
            return CompatJSON.response(
                try await files.find(query["path"].map(String.init), query["pattern"].map(String.init), in: session))
        }
        inside(.get, "files/search", routes) { request, session in
            let query = request.uri.queryParameters
            return CompatJSON.response(
                try await files.search(query["path"].map(String.init), query["pattern"].map(String.init), in: session))
        }
        inside(.post, "files/replace", routes) { request, session in
            CompatJSON.response(try await files.replace(try await CompatJSON.decode(from: request), in: session))
        }
        inside(.post, "files/permissions", routes) { request, session in
            let query = request.uri.queryParameters
            try await files.setPermissions(
                query["path"].map(String.init), mode: query["mode"].map(String.init), owner: query["owner"].map(String.init),
                group: query["group"].map(String.init), in: session)
            return Response(status: .ok)
        }
        inside(.get, "files/download", routes) { try await transfers.download($0, in: $1) }
        inside(.post, "files/bulk-download", routes) { try await transfers.bulkDownload($0, in: $1) }
        inside(.post, "files/bulk-upload", routes) { request, session in
            let uploaded = try await transfers.bulkUpload(request, in: session)
            return CompatJSON.response(uploaded, status: uploaded.errors == nil ? .ok : .badRequest)
        }
        for path in ["files/upload", "files/upload-v2"] {
            inside(.post, path, routes) { CompatJSON.response(try await transfers.upload($0, in: $1)) }
        }
    }

    /// A call in a sandbox, which is named by its id.
    private func inside(
        _ method: HTTPRequest.Method, _ path: String, _ routes: CompatRoutes,
        _ work: @escaping @Sendable (Request, SessionRecord) async throws -> Response
    ) {
        inside(method, path, routes) { request, session, _ in try await work(request, session) }
    }

    func inside(
        _ method: HTTPRequest.Method, _ path: String, _ routes: CompatRoutes,
        _ work: @escaping @Sendable (Request, SessionRecord, Parameters) async throws -> Response
    ) {
        routes.on(method, path) { request, parameters in
            await answer(request, from: .daemon) {
                let caller = try await caller(request.bearerToken)
                return try await work(request, try await started(try parameters.text("id"), for: caller), parameters)
            }
        }
    }

    /// A sandbox in which something can be done.
    func started(_ id: String, for caller: CompatCaller) async throws -> SessionRecord {
        let session = try await sandboxes.find(id, for: caller)
        guard session.daytonaState() == .started else {
            throw DaytonaFailure(400, "the sandbox is not started: its state is \(session.daytonaState().rawValue)")
        }
        return session
    }
}
