public import Logging
public import SandboxCore
import SandboxStore
import Synchronization
public import SystemPackage

/// Sessions, routing, execs, leases and events over any set of backends, with everything that matters on disk before it is announced.
///
/// Any number of engines, in one process or in many, may share a data directory: one at a time makes, takes up or destroys a given sandbox, all
/// may run commands in it, and what an engine leaves behind when it dies is taken over by the next that looks.
public final class Engine: Sendable {
    private let settled: Mutex<EngineConfiguration>
    /// What counts now.
    var configuration: EngineConfiguration { settled.withLock { $0 } }
    let logger: Logger
    let store: Store
    let identity: EngineIdentity
    let registry: BackendRegistry
    let tasks = OwnedTasks()
    let locks: SandboxLocks
    let spool: SpoolLayout
    let secrets = SessionSecrets()
    let sandboxes = LiveSandboxes()
    let execs = LiveExecs()
    let leases: LeaseSignal
    let preparations: SingleFlight<SessionID, any Sandbox>
    let adoptions: SingleFlight<ExecID, LiveExec?>
    let imageBuilds: ImageBuilds
    let imageJobs = ImageJobs()
    /// As `locks`, for builds, which take longer than anything else.
    let imageLocks: SandboxLocks
    let buildLogs: FilePath
    /// Notices what other processes write, for those who follow it.
    let watch: FileWatch
    let isShutDown = Mutex(false)

    /// Opens the data directory, or makes it. Throws `unavailable` for a damaged database, `unsupported` for one of a newer version.
    public init(configuration: EngineConfiguration, backends: [any SandboxBackend], logger: Logger) throws {
        settled = Mutex(configuration)
        self.logger = logger
        let data = configuration.dataDirectory
        let store = try Store(directory: data, logger: logger)
        self.store = store
        let lockFiles = data.appending("locks")
        identity = try EngineIdentity(locks: lockFiles)
        locks = SandboxLocks(directory: lockFiles, patience: configuration.preparationTimeout + configuration.backendTimeout)
        imageLocks = SandboxLocks(directory: lockFiles, patience: configuration.images.buildTimeout)
        imageBuilds = ImageBuilds(tasks: tasks)
        buildLogs = data.appending("builds")
        spool = SpoolLayout(root: data.appending("spool"))
        try DataDirectory.make(spool.root)
        let watch = FileWatch { store.commits.notify() }
        self.watch = watch
        leases = try LeaseSignal(file: data.appending("leases"))
        registry = try BackendRegistry(
            backends, lifetime: configuration.probeLifetime, timeout: configuration.backendTimeout, tasks: tasks)
        preparations = SingleFlight(tasks: tasks)
        adoptions = SingleFlight(tasks: tasks)
        let row = identity.row(at: .now())
        store.enqueue { try $0.insert(row) }
    }

    /// Gives what requests leave open other values, for sessions that are opened from now on. The data directory stays.
    public func reconfigure(_ configuration: EngineConfiguration) {
        settled.withLock { settled in
            let directory = settled.dataDirectory
            settled = configuration
            settled.dataDirectory = directory
        }
    }

    /// Where everything is kept.
    public var dataDirectory: FilePath { configuration.dataDirectory }

    /// Every registered backend with its availability, probed now or (unless `refresh`) within the probe lifetime.
    public func backends(refresh: Bool = false) async -> [BackendStatus] { await registry.statuses(refresh: refresh) }

    /// Which backend would serve this request; nothing is made.
    public func decide(_ request: SessionRequest) async throws -> RouteDecision {
        try await route(SessionPlan(request, configuration)).decision
    }

    func route(_ plan: SessionPlan) async throws -> Router.Route {
        let router = Router(
            defaultBackend: configuration.defaultBackend, floor: configuration.floor, autoOrder: configuration.autoOrder)
        let query = plan.query(configuration.mode)
        let statuses = await registry.statuses(refresh: false) { router.dependsOnProbe(of: $0, query) }
        return try router.route(query, among: statuses)
    }

    /// Lets go of everything. Sandboxes and execs live on, except those of sessions with `endsWithCreator`, which are closed.
    public func shutdown() async {
        let isFirst = isShutDown.withLock { flag in
            defer { flag = true }
            return !flag
        }
        guard isFirst else { return }
        await closeOwnSessions()
        for live in execs.all {
            await live.running.detach()
            live.feed.fail(SandboxError(.unavailable, "the engine was shut down", remedy: "attach to the exec with another engine"))
        }
        await tasks.end()
        watch.end()
        leases.end()
        sandboxes.clear()
        let id = identity.id
        _ = try? await store.write { try $0.deleteEngine(id) }
        await store.close()
        identity.end()
    }

    private func closeOwnSessions() async {
        let id = identity.id
        let mine = try? await store.read { try $0.sessions(includingClosed: false).filter { $0.engine == id && $0.endsWithEngine } }
        for row in mine ?? [] {
            do {
                try await close(row.id, force: true)
            } catch {
                logger.warning("a session stays behind", metadata: ["session.id": "\(row.id)", "error": "\(error)"])
            }
        }
    }
}
