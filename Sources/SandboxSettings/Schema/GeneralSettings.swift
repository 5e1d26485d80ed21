public import SandboxCore

/// The settings that are nobody's but Sandlot's own, as typed values.
public struct GeneralSettings: Sendable {
    /// Nil is `auto`: the first of `autoOrder` that works here.
    public var defaultBackend: BackendID?
    /// Backends in the order in which `auto` tries them; empty is the built-in order.
    public var autoOrder: [BackendID]
    /// No session runs on anything weaker.
    public var isolationFloor: Isolation
    /// `off`, `non-main` or `all`: which agents' commands go into a sandbox.
    public var mode: String
    /// `session`, `agent` or `shared`: who shares one.
    public var scope: String
    public var network: NetworkPolicy
    /// `ephemeral`, `session` or `shared`.
    public var home: String
    public var limits: ResourceLimits
    /// A session that nobody used for so long is ended; nil is never.
    public var idleTimeToLive: Duration?
    /// A session ends after this, used or not; nil is never.
    public var maximumLife: Duration?
    /// Bytes of output kept per command.
    public var outputLimit: UInt64
    /// Nil is the place that `SettingsLocations` names.
    public var dataDirectory: String?
    public var logLevel: String
    /// A program and its arguments that prints the key of the sealed secrets; nil for none.
    public var secretsKeyCommand: [String]?
    /// A file that holds the key of the sealed secrets; nil for none.
    public var secretsKeyFile: String?
    /// Whether that key may be kept in the system's keyring.
    public var secretsUseKeyring: Bool
    /// The image of new sandboxes where their backend has no default of its own; nil is what the backend offers.
    public var defaultImage: String?
    /// Installed into every image that is built from package sets.
    public var extraPackages: [String]
    /// The server builds default images when it starts.
    public var prebuildsImages: Bool
    public var imageBuildTimeout: Duration
    public var provisionTimeout: Duration

    /// The words of `log_level`.
    public static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    static func keys(backends: [String]) -> [SettingKey] {
        [
            SettingKey(["default_backend"], .choice(["auto"] + backends), "backend of new sessions", default: .text("auto")),
            SettingKey(
                ["auto_order"], .choiceList(backends), "the order in which 'auto' tries the backends; empty is the built-in one",
                default: .list([])),
            SettingKey(
                ["isolation_floor"], .choice(Isolation.allCases.map(\.rawValue)), "no session runs on a weaker isolation",
                default: .text(Isolation.namespace.rawValue)),
            SettingKey(["mode"], .choice(["off", "non-main", "all"]), "which agents' commands run in a sandbox", default: .text("all")),
            SettingKey(["scope"], .choice(["session", "agent", "shared"]), "who shares one sandbox", default: .text("session")),
            SettingKey(
                ["network"], .choice(NetworkPolicy.allCases.map(\.rawValue)), "whom a sandbox can reach",
                default: .text(NetworkPolicy.none.rawValue)),
            SettingKey(
                ["home"], .choice(["ephemeral", "session", "shared"]), "the life of the home directory inside", default: .text("ephemeral")),
            SettingKey(
                ["idle_ttl"], .duration, "a session that is not used for so long ends; 0 is never", default: .duration(.seconds(1800))),
            SettingKey(
                ["max_life"], .duration, "a session ends after so long in any case; 0 is never", default: .duration(.seconds(86_400))),
            SettingKey(["output_limit"], .size, "output that is kept per command", default: .size(64 << 20)),
            SettingKey(["data_directory"], .path, "where sessions, output and guests are kept"),
            SettingKey(["log_level"], .choice(logLevels), "least important message that is logged", default: .text("warning")),
            SettingKey(
                ["secrets", "key_command"], .text, "a program, with arguments split at blanks, that prints the key of the sealed secrets"),
            SettingKey(["secrets", "key_file"], .path, "a private file that holds the key of the sealed secrets"),
            SettingKey(
                ["secrets", "keyring"], .boolean, "keep that key in the system's keyring where there is one", default: .boolean(true)),
            SettingKey(
                ["images", "default"], .text,
                "image of new sandboxes: a reference, or what is built, as @core or @mine; empty is the backend's own"),
            SettingKey(
                ["images", "extra_packages"], .textList, "packages in every image that is built from package sets", default: .list([])),
            SettingKey(["images", "prebuild"], .boolean, "the server builds the default images when it starts", default: .boolean(true)),
            SettingKey(["images", "build_timeout"], .duration, "how long building an image may take", default: .duration(.seconds(3600))),
            SettingKey(
                ["images", "provision_timeout"], .duration, "how long packages may take where a backend builds no images",
                default: .duration(.seconds(600))),
            SettingKey(["limits", "memory"], .size, "memory of all processes of a sandbox"),
            SettingKey(["limits", "processors"], .positiveNumber, "processors' worth of time: 1.5 is one and a half"),
            SettingKey(["limits", "processes"], .integer(minimum: 1, maximum: Int(UInt32.max)), "processes and threads at once"),
            SettingKey(["limits", "disk"], .size, "bytes written to a sandbox's own files"),
        ]
    }

    init(_ settings: Settings) throws {
        let backend = settings.text("default_backend") ?? "auto"
        defaultBackend = backend == "auto" ? nil : try BackendID(validating: backend)
        autoOrder = try settings.list("auto_order").map { try BackendID(validating: $0) }
        isolationFloor = settings.text("isolation_floor").flatMap(Isolation.init(rawValue:)) ?? .namespace
        mode = settings.text("mode") ?? "all"
        scope = settings.text("scope") ?? "session"
        network = settings.text("network").flatMap(NetworkPolicy.init(rawValue:)) ?? .none
        home = settings.text("home") ?? "ephemeral"
        idleTimeToLive = settings.duration("idle_ttl").flatMap { $0 == .zero ? nil : $0 }
        maximumLife = settings.duration("max_life").flatMap { $0 == .zero ? nil : $0 }
        outputLimit = settings.size("output_limit") ?? 64 << 20
        dataDirectory = settings.text("data_directory")
        logLevel = settings.text("log_level") ?? "warning"
        secretsKeyCommand = settings.text("secrets.key_command").map { $0.split(separator: " ").map(String.init) }
        secretsKeyFile = settings.text("secrets.key_file")
        secretsUseKeyring = settings.boolean("secrets.keyring") ?? true
        defaultImage = settings.text("images.default").flatMap { $0.isEmpty ? nil : $0 }
        extraPackages = settings.list("images.extra_packages")
        prebuildsImages = settings.boolean("images.prebuild") ?? true
        imageBuildTimeout = settings.duration("images.build_timeout").flatMap { $0 == .zero ? nil : $0 } ?? .seconds(3600)
        provisionTimeout = settings.duration("images.provision_timeout").flatMap { $0 == .zero ? nil : $0 } ?? .seconds(600)
        limits = ResourceLimits(
            memory: settings.size("limits.memory"), processors: settings.number("limits.processors"),
            processes: settings.integer("limits.processes").map { UInt32(clamping: $0) }, disk: settings.size("limits.disk"))
    }
}
