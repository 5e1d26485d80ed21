import HTTPTypes
public import Hummingbird
import Logging
import SandboxCore
import SandboxEngine
public import SandboxServer
import SystemPackage

/// Speaks the protocol of Vercel's sandboxes, so that its SDKs run on Sandlot.
///
/// Contract: the requests of the official SDK. Clients take `http://host:port/vercel/api` as the address.
public struct VercelServer: RouteContributor {
    /// What all its paths begin with.
    public static let prefix = "/vercel"
    /// Home and working directory of the service's sandboxes.
    static let home: FilePath = "/vercel/sandbox"

    private let services: CompatServices
    let sandboxes: VercelSandboxes
    let commands: VercelCommands
    let files: VercelFiles
    let tickets = TerminalTickets()

    /// Prepares the server; nothing is listened on.
    public init(_ services: CompatServices) {
        self.services = services
        sandboxes = VercelSandboxes(services)
        commands = VercelCommands(services)
        files = VercelFiles(services: services)
    }

    /// All of it: keys are checked, and refusals worded, as the service does.
    public var ownPrefix: String? { Self.prefix }

    /// Adds the routes.
    public func addRoutes(to routes: ServerRoutes) {
        let routes = CompatRoutes(routes, prefix: Self.prefix + "/api")
        addSandboxes(to: routes)
        addSessions(to: routes)
        addCommands(to: routes)
    }

    /// Stops what is due.
    public func run() async {
        await sandboxes.stops.run { try await sandboxes.stopDue() }
    }

    /// Names what is not served.
    public func refusal(of request: Request, _ error: any Error) -> Response? {
        (UnservedCall.reason(request, error).map(VercelFailure.unserved) ?? VercelFailure(error)).response
    }

    func caller(_ request: Request) async throws -> CompatCaller {
        guard let key = request.bearerToken else { throw VercelFailure(401, "unauthorized", "the header Authorization has no token") }
        do {
            return try await services.authorize(key)
        } catch let error as SandboxError where error.code == .denied || error.code == .notFound {
            throw VercelFailure(403, "forbidden", "the token is not valid here: use an access token of this server")
        }
    }

    func answer(_ work: () async throws -> Response) async -> Response {
        do {
            return try await work()
        } catch {
            services.logger.debug("a call of the Vercel server failed", metadata: ["error": "\(error)"])
            return VercelFailure(error).response
        }
    }
}
