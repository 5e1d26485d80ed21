import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import SandboxCore
public import SandboxEngine
public import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The HTTP face of an engine.
public struct SandlotServer: Service {
    private let engine: Engine
    private let options: ServerOptions
    private let access: any AccessVerifying
    private let contributors: [any RouteContributor]
    private let settings: (any SettingsKeeping)?
    private let secrets: (any SecretKeeping)?
    private let examination: (any SelfExamining)?
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// Creates a server; `contributors` add their routes to its own, and `onListening` is told the port.
    public init(
        engine: Engine, options: ServerOptions, access: any AccessVerifying, settings: (any SettingsKeeping)? = nil,
        secrets: (any SecretKeeping)? = nil, examination: (any SelfExamining)? = nil,
        contributors: [any RouteContributor] = [], logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.engine = engine
        self.options = options
        self.access = access
        self.contributors = contributors
        self.settings = settings
        self.secrets = secrets
        self.examination = examination
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until the service group shuts down: then streams end with a notice, and commands go on in their sandboxes.
    /// Throws `invalidArgument` for an address that needs TLS and has none.
    public func run() async throws {
        try options.check()
        let application = try application()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for contributor in contributors { group.addTask { await contributor.run() } }
            defer { group.cancelAll() }
            do {
                try await application.run()
            } catch let error as IOError {
                throw refusal(error)
            }
        }
    }

    /// What it means that the address cannot be listened at.
    private func refusal(_ error: IOError) -> SandboxError {
        let place = "\(options.host), port \(options.port)"
        switch error.errnoCode {
        case EADDRINUSE:
            return SandboxError(
                .conflict, "somebody listens at \(place) already",
                remedy: "end that server, or choose another port: --port 0 takes a free one")
        case EACCES:
            return SandboxError(
                .denied, "this user may not listen at \(place)", remedy: "choose a port from 1024 on, or a proxy that may")
        case EADDRNOTAVAIL:
            return SandboxError(
                .invalidArgument, "\(options.host) is no address of this machine", remedy: "use 127.0.0.1, 0.0.0.0 or an address of its own"
            )
        default: return SandboxError(.unavailable, "listening at \(place) failed: \(error)")
        }
    }

    /// The application, for a test harness.
    func application() throws -> some ApplicationProtocol {
        let metrics = ServerMetrics()
        let options = options
        let onListening = onListening
        return Application(
            router: router(metrics).router,
            server: try builder(metrics),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(options.connections)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? options.port) }, logger: logger)
    }

    private func builder(_ metrics: ServerMetrics) throws -> HTTPServerBuilder {
        let options = options
        let gate = SocketGate(
            terminals: TerminalGate(engine: engine, access: access, hosts: HostCheck(options, access: access)), contributors: contributors)
        let plain = HTTPServerBuilder { ServerConnection(responder: $0, options: options, metrics: metrics, gate: gate) }
        guard let tls = options.tls else { return plain }
        return try .tls(plain, tlsConfiguration: tls.configuration())
    }

    /// Every route, registered.
    func router(_ metrics: ServerMetrics) -> ServerRoutes {
        let router = Router(context: ServerContext.self)
        router.add(middleware: FailureAnswers(metrics: metrics, contributors: contributors))
        router.add(middleware: HostCheck(options, access: access))
        router.add(middleware: AccessCheck(access: access, attempts: FailedAttempts(), contributors: contributors))
        var routes = ServerRoutes(router: router, access: access)
        let desk = SessionDesk(engine: engine, options: options)
        SystemRoutes(desk: desk, metrics: metrics).add(to: &routes)
        BackendRoutes(desk: desk, settings: settings).add(to: &routes)
        ImageRoutes(desk: desk).add(to: &routes)
        BuildRoutes(desk: desk).add(to: &routes)
        SettingsRoutes(keeper: settings).add(to: &routes)
        DoctorRoutes(examination: examination).add(to: &routes)
        EventRoutes(desk: desk).add(to: &routes)
        LoginRoutes(desk: desk, attempts: FailedAttempts(), access: access).add(to: &routes)
        TokenRoutes(engine: engine).add(to: &routes)
        SecretRoutes(keeper: secrets).add(to: &routes)
        SessionRoutes(desk: desk).add(to: &routes)
        WorkspaceRoutes(desk: desk).add(to: &routes)
        ExecRoutes(desk: desk, starting: ExecStarting(desk: desk, quota: ExecQuota(engine, limit: options.execsPerToken))).add(to: &routes)
        FileRoutes(desk: desk).add(to: &routes)
        for contributor in contributors { contributor.addRoutes(to: routes) }
        return routes
    }
}
