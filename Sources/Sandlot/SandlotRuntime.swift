public import Logging
import SandboxCore
public import SandboxEngine
public import SandboxSettings
import StandardBackends
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Settings, backends and engine put together; the only place where that happens.
public struct SandlotRuntime: Sendable {
    /// What was read, with origins.
    public let settings: Settings
    /// The general settings, typed.
    public let general: GeneralSettings
    public let dataDirectory: FilePath
    public let engine: Engine
    public let logger: Logger

    /// Reads the settings, makes the backends and opens the data directory. Nothing is probed and no sandbox is touched before it is needed.
    public init(_ options: SandlotOptions = SandlotOptions()) throws {
        let locations = try Self.locations(options)
        let flags = options.settings.sorted { $0.key < $1.key }.map { (name: $0.key, text: $0.value) }
        let sources = try SettingsSources.read(at: locations, environment: options.environment, flags: flags)
        let settings = try Settings(sources, schema: Self.schema)
        let general = try settings.general()
        let directory = options.dataDirectory ?? FilePath(general.dataDirectory ?? locations.dataDirectory)
        guard directory.isAbsolute else {
            throw SandboxError(.invalidArgument, "the data directory '\(directory)' is not an absolute path", remedy: "start it with /")
        }
        let logger = options.logger ?? Self.logger(general.logLevel)
        let backends = try StandardBackends.all(
            dataDirectory: directory, settings: { settings.backend($0).revealed() }, logger: logger)
        self.settings = settings
        self.general = general
        self.logger = logger
        dataDirectory = directory
        engine = try Engine(configuration: Self.configuration(general, directory), backends: backends, logger: logger)
    }

    /// Every setting there is, those of the backends included.
    public static var schema: SettingsSchema { SettingsSchema(backends: StandardBackends.descriptors) }

    /// Where the settings file and the data are.
    public static func locations(_ options: SandlotOptions) throws -> SettingsLocations {
        try SettingsLocations(environment: options.environment, userID: geteuid())
    }

    static func configuration(_ general: GeneralSettings, _ directory: FilePath) -> EngineConfiguration {
        EngineConfiguration(
            dataDirectory: directory, defaultBackend: general.defaultBackend, floor: general.isolationFloor, autoOrder: general.autoOrder,
            mode: SandboxMode(rawValue: general.mode) ?? .all, scope: SessionScope(rawValue: general.scope) ?? .session,
            limits: general.limits,
            network: general.network, home: HomePersistence(rawValue: general.home) ?? .ephemeral, idleTimeToLive: general.idleTimeToLive,
            maximumLife: general.maximumLife, outputLimit: general.outputLimit)
    }

    private static func logger(_ level: String) -> Logger {
        var logger = Logger(label: "sandlot") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: level) ?? .warning
        return logger
    }
}
