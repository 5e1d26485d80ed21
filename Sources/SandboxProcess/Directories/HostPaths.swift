import Glibc
import SandboxCore
public import SystemPackage

/// Checks of host paths that a specification names, before anything is made.
public struct HostPaths: Sendable {
    private let dataDirectory: FilePath

    /// For sandboxes of this data directory.
    public init(dataDirectory: FilePath) { self.dataDirectory = dataDirectory }

    /// The real path of something that is to be mounted. It must exist and neither be, hold nor lie in the data directory.
    public func source(_ path: FilePath, what: String, mustBeDirectory: Bool) throws -> FilePath {
        guard path.isAbsolute else {
            throw SandboxError(.invalidArgument, "\(what) '\(path)' is not an absolute path", remedy: "write a path from /")
        }
        let real = try Self.real(path, what: what)
        // Records and engines' options are lines.
        guard !real.string.utf8.contains(0x0A) else {
            throw SandboxError(.invalidArgument, "\(what) has a line feed in its path", remedy: "rename it")
        }
        if mustBeDirectory, Self.status(real).map({ $0.st_mode & S_IFMT == S_IFDIR }) != true {
            throw SandboxError(.invalidArgument, "\(what) '\(path)' is not a directory", remedy: "name a directory")
        }
        let data = (try? Self.real(dataDirectory, what: "the data directory")) ?? dataDirectory
        if real.starts(with: data) || data.starts(with: real) {
            throw SandboxError(
                .invalidArgument, "\(what) '\(path)' shares files with Sandlot's data directory \(data)",
                remedy: "choose a directory apart from it")
        }
        for tree in ["/proc", "/sys", "/dev"] where real.starts(with: FilePath(tree)) {
            throw SandboxError(
                .invalidArgument, "\(what) '\(path)' is one of the kernel's own trees", remedy: "choose an ordinary directory")
        }
        return real
    }

    /// A mount's place inside. It is absolute, has no `..`, and does not hide what the sandbox itself needs.
    public static func target(_ path: FilePath) throws -> FilePath {
        let normal = path.lexicallyNormalized()
        let isPlain = path.isAbsolute && !path.components.contains { $0.kind != .regular }
        guard isPlain, !normal.string.utf8.contains(0x0A) else {
            throw SandboxError(
                .invalidArgument, "the mount target '\(path)' is not an absolute path without '..'", remedy: "write it plainly")
        }
        let whole = ["/proc", "/sys", "/dev", "/.sandlot"].map { FilePath($0) }
        let exact = ["/", "/workspace", "/usr", "/etc", "/bin", "/lib", "/run", "/tmp", "/home", "/home/sandbox"].map { FilePath($0) }
        if whole.contains(where: { normal.starts(with: $0) }) || exact.contains(normal) {
            throw SandboxError(
                .invalidArgument, "nothing can be mounted over '\(normal)' of a sandbox", remedy: "choose another target, such as /mnt/data"
            )
        }
        return normal
    }

    /// A path without links; `what` names it in the error.
    public static func real(_ path: FilePath, what: String) throws -> FilePath {
        guard let text = realpath(path.string, nil) else {
            throw SandboxError(
                .invalidArgument, "\(what) '\(path)' cannot be reached: \(SandboxError.reason(of: errno))",
                remedy: "make it, or name another")
        }
        defer { free(text) }
        return FilePath(String(cString: text))
    }

    /// Whom a file or directory belongs to, links followed; nil when it cannot be reached. The group of root opens more than one directory,
    /// so it is never lent: another owner's number stands in for it.
    public static func owner(of path: FilePath) -> SpawnRequest.User? {
        guard let status = status(path) else { return nil }
        return SpawnRequest.User(uid: status.st_uid, gid: status.st_gid == 0 ? status.st_uid : status.st_gid)
    }

    /// Whether a user can reach what we make below a directory, which itself may not be there yet.
    public static func canReachBelow(_ directory: FilePath, as user: SpawnRequest.User) -> Bool {
        var existing = directory
        while !HostDirectory.exists(existing), existing.components.count > 0 { existing.removeLastComponent() }
        return canReach(existing.appending("x"), as: user)
    }

    /// Whether a user without groups can pass through every directory above a path. Judged by mode bits: an access list may say more.
    public static func canReach(_ path: FilePath, as user: SpawnRequest.User) -> Bool {
        var folder = path
        while folder.components.count > 0 {
            folder.removeLastComponent()
            guard let status = status(folder) else { return false }
            let bit: mode_t = status.st_uid == user.uid ? 0o100 : status.st_gid == user.gid ? 0o010 : 0o001
            if status.st_mode & bit == 0 { return false }
        }
        return true
    }

    private static func status(_ path: FilePath) -> stat? {
        var status = stat()
        return stat(path.string, &status) == 0 ? status : nil
    }
}
