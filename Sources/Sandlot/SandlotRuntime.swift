public import Logging
public import SandboxCore
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
    /// What the engine makes sandboxes with, for those who try the backends themselves.
    public let backends: [any SandboxBackend]
    /// The static executable that runs inside every sandbox. Throws `unavailable` when it is not there.
    public let guest: @Sendable () throws -> FilePath
    public let logger: Logger
    /// The sealed store, and what settings refer to.
    public let secrets: SandlotSecrets

    /// Reads the settings, makes the backends and opens the data directory. Nothing is probed and no sandbox is touched before it is needed.
    public init(_ options: SandlotOptions = SandlotOptions()) throws {
        let (settings, locations) = try Self.read(options)
        let general = try settings.general()
        let directory = try Self.dataDirectory(options, general, locations)
        let logger = options.logger ?? Self.logger(general.logLevel)
        let secrets = SandlotSecrets(general, directory: directory, environment: options.environment)
        let backends = try StandardBackends.all(
            dataDirectory: directory, settings: { Self.scope(settings.backend($0)) },
            secrets: { backend, key in
                guard let reference = settings.backend(backend).secret(key) else { return nil }
                return try await secrets.value(of: reference, for: "backends.\(backend).\(key)").reveal()
            }, logger: logger)
        let guestVariable = options.environment["SANDLOT_GUEST"]
        guest = { try StandardBackends.guest(variable: guestVariable) }
        self.backends = backends
        self.secrets = secrets
        self.settings = settings
        self.general = general
        self.logger = logger
        dataDirectory = directory
        engine = try Engine(
            configuration: Self.configuration(general, directory, Self.images(general, settings)), backends: backends, logger: logger)
    }

    /// What the settings say now, with origins. Throws `invalidArgument` for a file that is not valid.
    public static func settings(_ options: SandlotOptions) throws -> Settings { try read(options).settings }

    /// What the settings say now, for an engine on this data directory.
    public static func configuration(_ options: SandlotOptions, _ directory: FilePath) throws -> EngineConfiguration {
        let settings = try Self.settings(options)
        let general = try settings.general()
        return configuration(general, directory, images(general, settings))
    }

    static func read(_ options: SandlotOptions) throws -> (settings: Settings, locations: SettingsLocations) {
        let locations = try Self.locations(options)
        let flags = options.settings.sorted { $0.key < $1.key }.map { (name: $0.key, text: $0.value) }
        let sources = try SettingsSources.read(at: locations, environment: options.environment, flags: flags)
        return (try Settings(sources, schema: Self.schema), locations)
    }

    static func dataDirectory(_ options: SandlotOptions, _ general: GeneralSettings, _ locations: SettingsLocations) throws -> FilePath {
        let directory = options.dataDirectory ?? FilePath(general.dataDirectory ?? locations.dataDirectory)
        guard directory.isAbsolute else {
            throw SandboxError(.invalidArgument, "the data directory '\(directory)' is not an absolute path", remedy: "start it with /")
        }
        return directory
    }

    /// Every setting there is, those of the backends included.
    public static var schema: SettingsSchema { SettingsSchema(backends: StandardBackends.descriptors) }

    /// Where the settings file and the data are.
    public static func locations(_ options: SandlotOptions) throws -> SettingsLocations {
        try SettingsLocations(environment: options.environment, userID: geteuid())
    }

    /// Installs what the backend `firecracker` needs and makes what its machines start from; says each thing that was done or found.
    /// With `onlyInstalls` nothing is tried or made.
    public func setUpFirecracker(onlyInstalls: Bool = false, _ tell: @Sendable (String) async throws -> Void) async throws {
        try await StandardBackends.setUpFirecracker(
            dataDirectory: dataDirectory, settings: { Self.scope(settings.backend($0)) }, logger: logger, onlyInstalls: onlyInstalls,
            tell)
    }

    /// What a backend reads. An image that is to be built is the engine's to resolve; the backend starts it from its own.
    private static func scope(_ settings: BackendSettings) -> [String: [String]] {
        settings.texts().filter { $0.key != "image" || $0.value.first?.hasPrefix("@") != true }
    }

    /// The images that the settings name for single backends.
    private static func imageDefaults(_ settings: Settings) -> [BackendID: String] {
        var defaults: [BackendID: String] = [:]
        for id in settings.schema.backends {
            let scope = settings.backend(id)
            if let image = scope.text("image"), !image.isEmpty, let origin = scope.origin("image"), origin != .default {
                defaults[id] = image
            }
        }
        return defaults
    }

    private static func images(_ general: GeneralSettings, _ settings: Settings) -> ImageConfiguration {
        ImageConfiguration(
            defaultImage: general.defaultImage, backendDefaults: imageDefaults(settings), extraPackages: general.extraPackages,
            prebuild: general.prebuildsImages, buildTimeout: general.imageBuildTimeout, provisionTimeout: general.provisionTimeout)
    }

    static func configuration(_ general: GeneralSettings, _ directory: FilePath, _ images: ImageConfiguration) -> EngineConfiguration {
        EngineConfiguration(
            dataDirectory: directory, defaultBackend: general.defaultBackend, floor: general.isolationFloor, autoOrder: general.autoOrder,
            mode: SandboxMode(rawValue: general.mode) ?? .all, scope: SessionScope(rawValue: general.scope) ?? .session,
            limits: general.limits,
            network: general.network, home: HomePersistence(rawValue: general.home) ?? .ephemeral, idleTimeToLive: general.idleTimeToLive,
            maximumLife: general.maximumLife, outputLimit: general.outputLimit, images: images)
    }

    private static func logger(_ level: String) -> Logger {
        var logger = Logger(label: "sandlot") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: level) ?? .warning
        return logger
    }
}
