public import SandboxCore
public import SystemPackage
public import SandboxProcess

/// The keys of `[backends.bubblewrap]`.
public struct BubblewrapSettings: Sendable, Equatable {
    /// Nil: looked up in `PATH`.
    public var bwrap: FilePath?
    /// Nil: see `GuestExecutable.locate`.
    public var guest: FilePath?
    /// More host directories that every sandbox sees, read-only, at the same place.
    public var systemPaths: [FilePath]
    /// Whom sandboxes of root run as when nothing else decides.
    public var runAs: SpawnRequest.User
    /// Where private workspaces lie when `runAs` cannot reach the data directory.
    public var privateDirectory: FilePath
    /// Bytes that /tmp, and a home that ends with the sandbox, may hold; both are in memory.
    public var memoryFiles: UInt64

    /// The descriptors that the settings file, the forms and the documents are made from.
    public static let descriptors: [SettingDescriptor] = [
        SettingDescriptor(key: "bwrap_path", kind: .path, summary: "The bwrap executable; found in PATH when not set."),
        SettingDescriptor(key: "guest_path", kind: .path, summary: "The guest executable.", aliases: ["SANDLOT_GUEST"]),
        SettingDescriptor(
            key: "system_paths", kind: .textList, summary: "More host directories that sandboxes see, read-only, at the same place."),
        SettingDescriptor(
            key: "run_as", kind: .integer(minimum: 0, maximum: 2_147_483_647),
            summary:
                "The user and group number that root's sandboxes with a private workspace run as; 0 keeps all of them root in a user namespace.",
            defaultText: "64200"),
        SettingDescriptor(
            key: "private_directory", kind: .path,
            summary: "Where root's private workspaces lie when run_as cannot reach the data directory.",
            defaultText: "/var/lib/sandlot-sandboxes"),
        SettingDescriptor(
            key: "memory_files_mib", kind: .integer(minimum: 1, maximum: 1_048_576),
            summary: "How many MiB /tmp may hold, and a home that ends with the sandbox; both are in memory.", defaultText: "1024"),
    ]

    /// Reads the scope; a value that makes no sense is `invalidArgument`.
    public init(_ texts: SettingTexts = SettingTexts()) throws {
        bwrap = try texts.path("bwrap_path")
        guest = try texts.path("guest_path")
        systemPaths = try texts.list("system_paths").map { text in
            guard text.hasPrefix("/"), text != "/" else {
                throw SandboxError(
                    .invalidArgument, "'\(text)' in system_paths is not an absolute path below /", remedy: "write a path from /")
            }
            return FilePath(text)
        }
        let number = UInt32(try texts.integer("run_as", default: 64200, range: 0...2_147_483_647))
        runAs = SpawnRequest.User(uid: number, gid: number)
        privateDirectory = try texts.path("private_directory") ?? "/var/lib/sandlot-sandboxes"
        memoryFiles = UInt64(try texts.integer("memory_files_mib", default: 1024, range: 1...1_048_576)) << 20
    }
}
