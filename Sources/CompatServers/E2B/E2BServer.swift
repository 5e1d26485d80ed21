import Foundation
import HTTPTypes
public import Hummingbird
import Logging
import SandboxCore
import SandboxEngine
public import SandboxServer
import SystemPackage

/// Speaks the protocol of E2B's control plane and of the daemon in its sandboxes, so that its SDKs run on Sandlot.
///
/// Contract: the requests of the official SDK. Both planes answer under one prefix, since their paths do not collide.
public struct E2BServer: RouteContributor {
    /// What its paths begin with: clients take `http://host:port/e2b` as both of their addresses.
    public static let prefix = "/e2b"
    /// Home and working directory of the service's sandboxes.
    static let home: FilePath = "/home/user"

    private let services: CompatServices
    private let control: ControlPlane
    private let processService: ProcessService
    private let filesystem: FilesystemService
    private let transfers: FileTransfers

    /// Prepares the server; nothing is listened on.
    public init(_ services: CompatServices) {
        self.services = services
        let processes = ProcessTable(services.engine)
        control = ControlPlane(services, processes: processes)
        processService = ProcessService(services: services, processes: processes)
        filesystem = FilesystemService(services: services, watchers: Watchers(), home: Self.home)
        transfers = FileTransfers(services: services, filesystem: filesystem)
    }

    /// Adds both planes' routes.
    public func addRoutes(to routes: ServerRoutes) {
        let routes = CompatRoutes(routes, prefix: Self.prefix)
        addControlPlane(to: routes)
        addProcesses(to: routes)
        addFiles(to: routes)
    }

    /// All of it: keys are checked, and refusals worded, as the service does.
    public var ownPrefix: String? { Self.prefix }

    /// Names what is not served.
    public func refusal(of request: Request, _ error: any Error) -> Response? {
        (UnservedCall.reason(request, error).map { E2BFailure(501, $0) } ?? E2BFailure(error)).response
    }

    private func addControlPlane(to routes: CompatRoutes) {
        for path in ["sandboxes", "v2/sandboxes"] {
            routes.on(.post, path) { request, _ in
                await answer {
                    let caller = try await caller(request)
                    let message: SandboxMessages.Create = try await CompatJSON.decode(from: request)
                    let made = try await control.create(message, key: request.headers[Self.idempotencyField], for: caller)
                    return CompatJSON.response(made, status: .created)
                }
            }
            routes.on(.get, path) { request, _ in
                await answer { try await list(request, isOldCall: path == "sandboxes") }
            }
        }
        routes.on(.get, "sandboxes/:id") { request, parameters in
            await answer { CompatJSON.response(try await sandbox(request, parameters).sandboxDetail) }
        }
        routes.on(.delete, "sandboxes/:id") { request, parameters in
            await answer {
                try await control.end(try await sandbox(request, parameters))
                return Response(status: .noContent)
            }
        }
        for path in ["sandboxes/:id/timeout", "sandboxes/:id/refreshes"] {
            routes.on(.post, path) { request, parameters in
                await answer {
                    let found = try await sandbox(request, parameters)
                    let message: SandboxMessages.Timeout = try await CompatJSON.decode(from: request)
                    try await control.setTimeout(message.timeout ?? message.duration, of: found)
                    return Response(status: .noContent)
                }
            }
        }
        routes.on(.post, "sandboxes/:id/pause") { request, parameters in
            await answer {
                try await control.pause(try await sandbox(request, parameters))
                return Response(status: .noContent)
            }
        }
        for path in ["sandboxes/:id/connect", "v2/sandboxes/:id/connect", "sandboxes/:id/resume"] {
            routes.on(.post, path) { request, parameters in
                await answer {
                    let found = try await sandbox(request, parameters)
                    let message: SandboxMessages.Timeout = try await CompatJSON.decode(from: request)
                    let (connected, resumed) = try await control.connect(found, timeout: message.timeout)
                    return CompatJSON.response(connected, status: resumed ? .created : .ok)
                }
            }
        }
        routes.on(.get, "sandboxes/:id/metrics") { request, parameters in
            await answer {
                _ = try await sandbox(request, parameters)
                return CompatJSON.response([String]())
            }
        }
        for path in ["sandboxes/:id/fork", "sandboxes/:id/snapshots"] {
            routes.on(.post, path) { _, _ in await answer { throw E2BFailure(501, "snapshots are not served by this server") } }
        }
        routes.on(.get, "snapshots") { request, _ in
            await answer {
                _ = try await caller(request)
                return CompatJSON.response([String]())
            }
        }
        routes.on(.put, "sandboxes/:id/network") { _, _ in
            await answer { throw E2BFailure(501, "a sandbox's network is settled when it is made") }
        }
    }

    private func list(_ request: Request, isOldCall: Bool) async throws -> Response {
        let caller = try await caller(request)
        let query = request.uri.queryParameters
        let wanted = query.getAll("state").flatMap { $0.split(separator: ",").map(String.init) }
        let states = isOldCall ? ["running"] : wanted.isEmpty ? ["running", "paused"] : Set(wanted)
        var metadata: [String: String] = [:]
        for pair in (query["metadata"].map(String.init) ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.removingPercentEncoding ?? "" }
            metadata[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        let limit = query["limit"].flatMap { Int($0) } ?? 100
        guard (1...100).contains(limit) else { throw E2BFailure(400, "the limit is 1 to 100") }
        let start = try query["nextToken"].map { text in
            guard let number = Int(text), number >= 0 else { throw E2BFailure(400, "the token is not one of ours") }
            return number
        }
        let all = try await control.list(states: states, metadata: metadata, for: caller)
        let page = all.dropFirst(start ?? 0).prefix(isOldCall ? all.count : limit)
        var headers: HTTPFields = [field("X-Total-Running"): "\(all.filter { $0.state == "running" }.count)"]
        if page.endIndex < all.count { headers[field("X-Next-Token")] = "\(page.endIndex)" }
        return CompatJSON.response(Array(page), headers: headers)
    }

    private func addProcesses(to routes: CompatRoutes) {
        routes.on(.post, "process.Process/Start") { request, _ in
            await inside(request) { await processService.start(request, in: $0) }
        }
        routes.on(.post, "process.Process/Connect") { request, _ in
            await inside(request) { await processService.connect(request, in: $0) }
        }
        routes.on(.post, "process.Process/List") { request, _ in
            await inside(request) { CompatJSON.response(try await processService.list(in: $0)) }
        }
        routes.on(.post, "process.Process/StreamInput") { request, _ in
            await inside(request) { session in
                do {
                    try await processService.streamInput(request, in: session)
                } catch {
                    return ConnectStream.failed(error)
                }
                return Response(
                    status: .ok, headers: [.contentType: ConnectFraming.streamType],
                    body: ResponseBody(contentsOf: [try ConnectFraming.message(ProcessMessages.Empty()), ConnectFraming.end()]))
            }
        }
        unary("process.Process/SendInput", routes) { try await processService.sendInput($0, in: $1) }
        unary("process.Process/CloseStdin", routes) { try await processService.closeInput($0, in: $1) }
        unary("process.Process/SendSignal", routes) { try await processService.signal($0, in: $1) }
        unary("process.Process/Update", routes) { try await processService.update($0, in: $1) }
    }

    private func addFiles(to routes: CompatRoutes) {
        routes.on(.get, "health") { request, _ in await inside(request) { _ in Response(status: .noContent) } }
        routes.on(.get, "files") { request, _ in
            await inside(request, plain: true) { try await transfers.download(request, in: $0) }
        }
        routes.on(.post, "files") { request, _ in
            await inside(request, plain: true) { CompatJSON.response(try await transfers.upload(request, in: $0)) }
        }
        answering("filesystem.Filesystem/Stat", routes) { try await filesystem.stat($0, in: $1) }
        answering("filesystem.Filesystem/ListDir", routes) { try await filesystem.list($0, in: $1) }
        answering("filesystem.Filesystem/MakeDir", routes) { try await filesystem.makeDirectory($0, in: $1) }
        answering("filesystem.Filesystem/Move", routes) { try await filesystem.move($0, in: $1) }
        unary("filesystem.Filesystem/Remove", routes) { try await filesystem.remove($0, in: $1) }
        answering("filesystem.Filesystem/CreateWatcher", routes) { try await filesystem.createWatcher($0, in: $1) }
        answering("filesystem.Filesystem/GetWatcherEvents", routes) { try await filesystem.watcherEvents($0, in: $1) }
        unary("filesystem.Filesystem/RemoveWatcher", routes) { try await filesystem.removeWatcher($0, in: $1) }
        routes.on(.post, "filesystem.Filesystem/WatchDir") { request, _ in
            await inside(request) { await filesystem.watch(request, in: $0) }
        }
    }

    private func unary<Message: Decodable & Sendable>(
        _ path: String, _ routes: CompatRoutes, _ work: @escaping @Sendable (Message, SessionRecord) async throws -> Void
    ) {
        answering(path, routes) { (message: Message, session) in
            try await work(message, session)
            return ProcessMessages.Empty()
        }
    }

    private func answering<Message: Decodable & Sendable>(
        _ path: String, _ routes: CompatRoutes,
        _ work: @escaping @Sendable (Message, SessionRecord) async throws -> some Encodable
    ) {
        routes.on(.post, path) { request, _ in
            await inside(request) { session in
                CompatJSON.response(try await work(try CompatJSON.decode(from: try await CompatJSON.bytes(of: request)), session))
            }
        }
    }

    private func caller(_ request: Request) async throws -> CompatCaller {
        guard let key = request.headers[Self.keyField] else { throw E2BFailure(401, "the header X-API-KEY is missing") }
        do {
            return try await services.authorize(key)
        } catch let error as SandboxError where error.code == .denied || error.code == .notFound {
            throw E2BFailure(401, "the API key is not valid here: use an access token of this server")
        }
    }

    private func sandbox(_ request: Request, _ parameters: Parameters) async throws -> SessionRecord {
        let caller = try await caller(request)
        return try await control.find(try parameters.require("id"), for: caller)
    }

    private func answer(_ work: () async throws -> Response) async -> Response {
        do {
            return try await work()
        } catch {
            note(error)
            return E2BFailure(error).response
        }
    }

    /// A call of the data plane: in the sandbox that its header names, with a key for that sandbox.
    private func inside(_ request: Request, plain: Bool = false, _ work: (SessionRecord) async throws -> Response) async -> Response {
        do {
            guard let id = request.headers[Self.sandboxField] else { throw ConnectFailure("invalid_argument", "no sandbox is named") }
            // The keys of a sandbox end with it, and what its clients must hear is that it is gone.
            guard let session = await control.sessions.existing(id) else {
                return CompatJSON.response(Gone(sandboxId: id), status: .badGateway)
            }
            guard let key = request.headers[Self.accessField], let caller = try? await services.authorize(key) else {
                throw ConnectFailure("unauthenticated", "the sandbox's access token is missing or wrong")
            }
            guard control.sessions.isVisible(session, to: caller), !session.isPausedSandbox else {
                return CompatJSON.response(Gone(sandboxId: id), status: .badGateway)
            }
            try refuseOtherUsers(request)
            return try await work(session)
        } catch {
            note(error)
            return plain ? E2BFailure(error).response : ConnectFailure(error).response
        }
    }

    /// What the service's proxy answers for a sandbox that is not there; clients look for the sentence.
    private struct Gone: Encodable {
        var sandboxId: String
        var message = "The sandbox was not found"
        var code = 502
    }

    /// A sandbox here has one user. Another one's name is refused, not replaced.
    private func refuseOtherUsers(_ request: Request) throws {
        var name = request.uri.queryParameters["username"].map(String.init)
        if let basic = request.headers[.authorization], basic.hasPrefix("Basic ") {
            name = BasicAuthorization.user(String(basic.dropFirst("Basic ".count)))
        }
        guard let name, name != FilesystemService.user else { return }
        throw ConnectFailure("unauthenticated", "there is no user '\(name.prefix(80))' in this sandbox: its commands run as 'user'")
    }

    private func note(_ error: any Error) {
        services.logger.debug("a call of the E2B server failed", metadata: ["error": "\(error)"])
    }

    private static let keyField = field("X-API-KEY")
    private static let accessField = field("X-Access-Token")
    private static let sandboxField = field("E2b-Sandbox-Id")
    private static let idempotencyField = field("Idempotency-Key")
}
