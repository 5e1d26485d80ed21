import SandboxCore
import SandboxHTTP
import Synchronization

/// The engine of one backend: found and asked for its version at the first use, and again after a failure.
final class EngineConnection: Sendable {
    let dialect: EngineDialect
    private let settings: ContainerSettings
    private let host: HostFacts
    private struct State {
        var engine: EngineAPI?
        /// The one search that is under way, whoever started it.
        var search: Task<EngineAPI, any Error>?
    }

    private let state = Mutex(State())

    init(_ dialect: EngineDialect, settings: ContainerSettings, host: HostFacts) {
        self.dialect = dialect
        self.settings = settings
        self.host = host
    }

    /// The engine as it was found before; nothing is asked.
    var known: EngineAPI? { state.withLock { $0.engine } }

    /// The engine as it was found before, if it was.
    func open() async throws -> EngineAPI {
        if let engine = state.withLock({ $0.engine }), engine.service?.isAlive != false { return engine }
        return try await reopen()
    }

    /// Whether a service of ours would have to be started first, which takes its time. An address that cannot be read is told when it is used.
    var mustBeStarted: Bool {
        guard known == nil, settings.service == .auto, !dialect.service.isEmpty else { return false }
        do {
            return try EngineAddress(dialect: dialect, settings: settings, environment: host).resolve() == nil
        } catch {
            return false
        }
    }

    /// The engine as `open` has it, but nil where a service of ours would have to be started first.
    func present() async throws -> EngineAPI? { mustBeStarted ? nil : try await open() }

    /// Looks for the engine and asks it anew: it may have been updated or moved. However many callers come, it is asked once.
    func reopen() async throws -> EngineAPI {
        let search = state.withLock { state in
            if let search = state.search { return search }
            // Not a child of the first caller, who may give up while others still wait; its calls have deadlines.
            let search = Task { try await self.search() }
            state.search = search
            return search
        }
        return try await search.value
    }

    private func search() async throws -> EngineAPI {
        let found: Result<EngineAPI, any Error>
        do {
            var engine = try await locate()
            // An engine that mounts nothing of ours need not know where our files are.
            if Delivery.choose(engine, settings) == .mounted {
                engine.paths = try await HostPathMap.find(settings, host: host, engine: engine)
            }
            found = .success(engine)
        } catch {
            found = .failure((error as? SandboxError).map(explained) ?? error)
        }
        state.withLock { state in
            state.engine = try? found.get()
            state.search = nil
        }
        return try found.get()
    }

    /// The engine that is there; else a service of ours, the running one or a new one. What has the same store serves the same images and
    /// sandboxes, so a socket in its usual place that nobody serves any more is as good as none; an address that somebody named is not passed over.
    private func locate() async throws -> EngineAPI {
        let address = EngineAddress(dialect: dialect, settings: settings, environment: host)
        var silence = address.nothingListens
        if let found = try address.resolve() {
            do {
                return try await ask(found.endpoint)
            } catch let error as SandboxError where error.code == .unavailable && !found.isNamed {
                silence = error
            }
        }
        if let service = state.withLock({ $0.engine?.service }), service.isAlive { return try await ask(service) }
        if settings.service == .auto, let service = try await EngineService.start(dialect, host: host) { return try await ask(service) }
        throw silence
    }

    private func ask(_ service: EngineService) async throws -> EngineAPI {
        var engine = try await ask(.unixSocket(service.socket))
        engine.service = service
        return engine
    }

    private func ask(_ endpoint: HTTPEndpoint) async throws -> EngineAPI {
        let before = state.withLock { $0.engine?.client }
        let client = before?.endpoint == endpoint ? before : nil
        return try await EngineAPI.open(try client ?? HTTPAPIClient(endpoint, logger: host.logger), dialect)
    }

    private func explained(_ error: SandboxError) -> SandboxError {
        let remedy: String? =
            switch error.code {
            case .unavailable where error.backend == nil: dialect.start
            case .denied where error.backend == nil: "let this user use the socket (for Docker: join the group docker), or run as root"
            default: error.remedy
            }
        return SandboxError(error.code, error.message, remedy: remedy ?? error.remedy, backend: dialect.id, cause: error.cause)
    }
}
