public import SandboxCore
public import SandboxProcess
public import SystemPackage

/// The keys of `[backends.restricted-host]`.
public struct RestrictedHostSettings: Sendable, Equatable {
    /// Nil: see `GuestExecutable.locate`.
    public var guest: FilePath?
    /// Accepts kernels without Landlock, where every file that the user can reach stays within reach.
    public var allowsWithoutLandlock: Bool
    /// Accepts that commands run as root, for a workspace of root.
    public var allowsRoot: Bool
    /// More host directories that commands may read.
    public var systemPaths: [FilePath]
    /// Whom root's sandboxes with a private workspace run as.
    public var runAs: SpawnRequest.User
    /// Where root's private workspaces lie when `runAs` cannot reach the data directory.
    public var privateDirectory: FilePath

    /// The descriptors of the keys.
    public static let descriptors: [SettingDescriptor] = [
        SettingDescriptor(key: "guest_path", kind: .path, summary: "The guest executable.", aliases: ["SANDLOT_GUEST"]),
        SettingDescriptor(
            key: "allow_without_landlock", kind: .boolean, summary: "Also work on kernels that cannot restrict files.", defaultText: "false"
        ),
        SettingDescriptor(
            key: "allow_root", kind: .boolean, summary: "Run commands as root when Sandlot is root and the workspace is root's.",
            defaultText: "false"),
        SettingDescriptor(key: "system_paths", kind: .textList, summary: "More host directories that commands may read and execute."),
        SettingDescriptor(
            key: "run_as", kind: .integer(minimum: 1, maximum: 2_147_483_647),
            summary: "The user and group number that root's sandboxes with a private workspace run as.", defaultText: "64200"),
        SettingDescriptor(
            key: "private_directory", kind: .path,
            summary: "Where root's private workspaces lie when run_as cannot reach the data directory.",
            defaultText: "/var/lib/sandlot-sandboxes"),
    ]

    /// Reads the scope; a value that makes no sense is `invalidArgument`.
    public init(_ texts: SettingTexts = SettingTexts()) throws {
        guest = try texts.path("guest_path")
        allowsWithoutLandlock = try texts.boolean("allow_without_landlock", default: false)
        allowsRoot = try texts.boolean("allow_root", default: false)
        systemPaths = texts.list("system_paths").map { FilePath($0) }
        let number = UInt32(try texts.integer("run_as", default: 64200, range: 1...2_147_483_647))
        runAs = SpawnRequest.User(uid: number, gid: number)
        privateDirectory = try texts.path("private_directory") ?? "/var/lib/sandlot-sandboxes"
    }
}
