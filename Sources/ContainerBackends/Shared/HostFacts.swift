import Glibc
public import Logging
import SandboxCore
public import SandboxProcess
public import SystemPackage

/// What container backends know of the process that they live in.
public struct HostFacts: Sendable {
    /// Sandlot's data directory; what containers see of the host lies in its folder `containers`.
    public var dataDirectory: FilePath
    /// Waits for descriptors.
    public var keeper: ProcessKeeper
    public var logger: Logger
    /// The effective user.
    public var user: SpawnRequest.User
    /// The home directory, for the engines' own configuration.
    public var home: FilePath
    /// The environment: addresses of engines are looked up in it.
    public var variables: [String: String]
    /// The container that this process runs in itself; nil when it runs in none.
    public var container: OwnContainer?
    /// Finds the static guest executable, or says why there is none.
    public var guest: @Sendable () throws -> FilePath

    /// Creates the facts from their parts.
    public init(
        dataDirectory: FilePath, keeper: ProcessKeeper, logger: Logger, user: SpawnRequest.User, home: FilePath,
        variables: [String: String], container: OwnContainer? = nil, guest: @escaping @Sendable () throws -> FilePath
    ) {
        self.dataDirectory = dataDirectory
        self.keeper = keeper
        self.logger = logger
        self.user = user
        self.home = home
        self.variables = variables
        self.container = container
        self.guest = guest
    }

    /// This process' own.
    public static func current(
        dataDirectory: FilePath, keeper: ProcessKeeper, logger: Logger, guest: @escaping @Sendable () throws -> FilePath
    ) -> HostFacts {
        let names = [
            "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST", "PODMAN_HOST",
            "XDG_RUNTIME_DIR", "HOME", "PATH", "USER", "TMPDIR", "LANG",
            "XDG_CONFIG_HOME", "XDG_DATA_HOME", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF",
            "REGISTRY_AUTH_FILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        ]
        var variables: [String: String] = [:]
        for name in names { variables[name] = getenv(name).map { String(cString: $0) } }
        return HostFacts(
            dataDirectory: dataDirectory, keeper: keeper, logger: logger, user: SpawnRequest.User(uid: geteuid(), gid: getegid()),
            home: FilePath(variables["HOME"] ?? "/"), variables: variables, container: .current(), guest: guest)
    }

    var isRoot: Bool { user.uid == 0 }
}
