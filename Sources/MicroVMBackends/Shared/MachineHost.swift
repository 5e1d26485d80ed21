public import Logging
public import SandboxProcess
public import SystemPackage

/// What microVM backends know of the process that they live in.
public struct MachineHost: Sendable {
    /// Sandlot's data directory; machines lie in its folder `machines`, what they start from in `machine-assets`.
    public var dataDirectory: FilePath
    /// Runs and watches all host processes.
    public var keeper: ProcessKeeper
    public var logger: Logger
    /// The effective user.
    public var user: SpawnRequest.User
    /// `PATH`, for finding programs.
    public var searchPath: String
    /// Finds the static guest executable, or says why there is none.
    public var guest: @Sendable () throws -> FilePath

    /// Creates the facts from their parts.
    public init(
        dataDirectory: FilePath, keeper: ProcessKeeper, logger: Logger, user: SpawnRequest.User, searchPath: String,
        guest: @escaping @Sendable () throws -> FilePath
    ) {
        self.dataDirectory = dataDirectory
        self.keeper = keeper
        self.logger = logger
        self.user = user
        // An ordinary user's path often lacks the folders where the tools for file systems are.
        self.searchPath = searchPath + ":/usr/local/sbin:/usr/sbin:/sbin"
        self.guest = guest
    }

    var isRoot: Bool { user.uid == 0 }

    /// Above the ranges that systemd and `subuid` hand out, and apart from that of containers.
    private static let firstOwn: UInt32 = 0x7200_0000

    /// The number that root's machine of this name runs as, which no account and no other machine has.
    static func user(ofMachine name: String) -> UInt32 { firstOwn + (UInt32(Digest.hex(Array(name.utf8)).prefix(6), radix: 16) ?? 0) }

    /// A program by name or by the path that a setting gives.
    func program(_ name: String, setting: FilePath? = nil) -> FilePath? {
        CommandRunner.find(setting?.string ?? name, searchPath: searchPath)
    }
}
