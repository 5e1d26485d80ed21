import HTTPTypes
public import Hummingbird
import Logging
import SandboxCore
import SandboxEngine
public import SandboxServer
import SystemPackage

/// Speaks the protocol of Daytona's control plane and of the toolbox in its sandboxes, so that its SDKs run on Sandlot.
///
/// Contract: the requests of the official SDK. Clients take `http://host:port/daytona/api` as the address; the toolbox's comes with every
/// sandbox.
public struct DaytonaServer: RouteContributor {
    /// What all its paths begin with.
    public static let prefix = "/daytona"
    /// Home and working directory of the service's sandboxes.
    static let home: FilePath = "/home/daytona"
    static let user = "daytona"

    private let services: CompatServices
    let sandboxes: DaytonaSandboxes
    let commands: ToolboxCommands
    let files: ToolboxFiles
    let transfers: ToolboxTransfers
    let shells: ToolboxSessions
    let terminals: ToolboxTerminals

    /// Prepares the server; nothing is listened on.
    public init(_ services: CompatServices) {
        self.services = services
        sandboxes = DaytonaSandboxes(services)
        commands = ToolboxCommands(services: services)
        files = ToolboxFiles(services: services)
        transfers = ToolboxTransfers(files: files)
        shells = ToolboxSessions(services: services)
        terminals = ToolboxTerminals(services: services)
    }

    /// Adds the routes of both halves.
    public func addRoutes(to routes: ServerRoutes) {
        addControlPlane(to: CompatRoutes(routes, prefix: Self.prefix + "/api"))
        addToolbox(to: CompatRoutes(routes, prefix: Self.prefix + "/toolbox/:id"))
    }

    /// All of it: keys are checked, and refusals worded, as the service does.
    public var ownPrefix: String? { Self.prefix }

    /// Names what is not served.
    public func refusal(of request: Request, _ error: any Error) -> Response? {
        let source: DaytonaFailure.Source = request.uri.path.hasPrefix(Self.prefix + "/api") ? .api : .daemon
        guard let reason = UnservedCall.reason(request, error) else { return DaytonaFailure(error).response(to: request, from: source) }
        return DaytonaFailure.unserved(reason).response(to: request, from: source)
    }

    /// Stops what nobody uses.
    public func run() async {
        await sandboxes.stops.run {
            let shells = Set(shells.sessions.all().map(\.shell))
            return try await sandboxes.stopIdle(isIdle: { shells.contains($0.id) }, stopped: forget)
        }
    }

    func caller(_ request: Request) async throws -> CompatCaller { try await caller(request.bearerToken) }

    func caller(_ key: String?) async throws -> CompatCaller {
        guard let key else { throw DaytonaFailure(401, "Unauthorized: the header Authorization has no key") }
        do {
            return try await services.authorize(key)
        } catch let error as SandboxError where error.code == .denied || error.code == .notFound {
            throw DaytonaFailure(401, "Unauthorized: the API key is not valid here, use an access token of this server")
        }
    }

    /// Where this server's toolbox is, as the client reaches it.
    func toolbox(_ request: Request) -> String {
        "\(request.head.scheme ?? "http")://\(request.head.authority ?? "localhost")\(Self.prefix)/toolbox"
    }

    /// Forgets what clients named in a sandbox that is stopped or gone.
    func forget(_ sandbox: SessionRecord) {
        shells.forget(sandbox.id)
        terminals.forget(sandbox.id)
    }

    func answer(_ request: Request, from source: DaytonaFailure.Source, _ work: () async throws -> Response) async -> Response {
        var response: Response
        do {
            response = try await work()
        } catch {
            services.logger.debug("a call of the Daytona server failed", metadata: ["error": "\(error)"])
            response = DaytonaFailure(error).response(to: request, from: source)
        }
        // The asynchronous client asks for its sockets on connections that it has used before, and only a fresh one becomes a socket.
        response.headers[.connection] = "close"
        return response
    }
}
