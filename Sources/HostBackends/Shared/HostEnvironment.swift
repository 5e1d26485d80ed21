public import Logging
public import SandboxProcess
public import SystemPackage
import Glibc

/// What the local backends share: where they keep things, who runs processes, and what they know of the process that they live in.
public struct HostEnvironment: Sendable {
    /// Sandlot's data directory; sandboxes lie in its folder `sandboxes`.
    public var dataDirectory: FilePath
    /// Runs and watches all host processes.
    public var keeper: ProcessKeeper
    public var logger: Logger
    /// The effective user.
    public var user: SpawnRequest.User
    /// `PATH`, for finding programs.
    public var searchPath: String
    /// `SANDLOT_GUEST`, if it is set.
    public var guestVariable: String?
    /// Where control groups can be made.
    public var cgroups: CgroupLayout

    /// Creates an environment from its parts.
    public init(
        dataDirectory: FilePath, keeper: ProcessKeeper, logger: Logger, user: SpawnRequest.User, searchPath: String, guestVariable: String?,
        cgroups: CgroupLayout = .detect()
    ) {
        self.dataDirectory = dataDirectory
        self.keeper = keeper
        self.logger = logger
        self.user = user
        self.searchPath = searchPath
        self.guestVariable = guestVariable
        self.cgroups = cgroups
    }

    /// This process' environment.
    public static func current(dataDirectory: FilePath, logger: Logger) throws -> HostEnvironment {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        return HostEnvironment(
            dataDirectory: dataDirectory, keeper: try ProcessKeeper(), logger: logger,
            user: SpawnRequest.User(uid: geteuid(), gid: getegid()),
            searchPath: variable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            guestVariable: variable("SANDLOT_GUEST"))
    }

    var isRoot: Bool { user.uid == 0 }
}
