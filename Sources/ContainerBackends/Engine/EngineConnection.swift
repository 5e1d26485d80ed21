import SandboxCore
import SandboxHTTP
import Synchronization

/// The engine of one backend: found and asked for its version at the first use, and again after a failure.
final class EngineConnection: Sendable {
    let dialect: EngineDialect
    private let settings: ContainerSettings
    private let host: HostFacts
    private let known = Mutex<EngineAPI?>(nil)

    init(_ dialect: EngineDialect, settings: ContainerSettings, host: HostFacts) {
        self.dialect = dialect
        self.settings = settings
        self.host = host
    }

    /// The engine as it was found before, if it was.
    func open() async throws -> EngineAPI {
        if let engine = known.withLock({ $0 }) { return engine }
        return try await reopen()
    }

    /// Looks for the engine and asks it anew: it may have been updated or moved.
    func reopen() async throws -> EngineAPI {
        do {
            let (endpoint, _) = try EngineAddress(dialect: dialect, settings: settings, environment: host).resolve()
            let client =
                try known.withLock { $0?.client.endpoint == endpoint ? $0?.client : nil } ?? HTTPAPIClient(endpoint, logger: host.logger)
            let engine = try await EngineAPI.open(client, dialect)
            known.withLock { $0 = engine }
            return engine
        } catch let error as SandboxError {
            known.withLock { $0 = nil }
            throw explained(error)
        }
    }

    private func explained(_ error: SandboxError) -> SandboxError {
        let remedy: String? =
            switch error.code {
            case .unavailable where error.backend == nil: dialect.start
            case .denied where error.backend == nil: "let this user use the socket (for Docker: join the group docker), or run as root"
            default: error.remedy
            }
        return SandboxError(error.code, error.message, remedy: remedy, backend: dialect.id, cause: error.cause)
    }
}
