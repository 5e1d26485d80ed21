import Glibc
import SandboxCore
import SystemPackage

/// Checks of what a specification wants to have mounted, before anything is made.
struct MountSource {
    let dataDirectory: FilePath

    /// The real path of something on the host. It must exist and share no files with Sandlot's own.
    func real(_ path: FilePath, what: String, mustBeDirectory: Bool) throws -> FilePath {
        guard path.isAbsolute else {
            throw SandboxError(.invalidArgument, "\(what) '\(path)' is not an absolute path", remedy: "write a path from /")
        }
        let real = try Self.resolved(path, what)
        if mustBeDirectory, Self.status(real).map({ $0.st_mode & S_IFMT == S_IFDIR }) != true {
            throw SandboxError(.invalidArgument, "\(what) '\(path)' is not a directory", remedy: "name a directory")
        }
        let data = (try? Self.resolved(dataDirectory, "the data directory")) ?? dataDirectory
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

    /// A place inside that hides nothing which the sandbox needs.
    static func target(_ path: FilePath) throws -> FilePath {
        let normal = path.lexicallyNormalized()
        guard path.isAbsolute, !path.components.contains(where: { $0.kind != .regular }) else {
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

    static func status(_ path: FilePath) -> stat? {
        var status = stat()
        return stat(path.string, &status) == 0 ? status : nil
    }

    private static func resolved(_ path: FilePath, _ what: String) throws -> FilePath {
        guard let text = realpath(path.string, nil) else {
            throw SandboxError(
                .invalidArgument, "\(what) '\(path)' cannot be reached (\(Errno(rawValue: errno)))", remedy: "make it, or name another")
        }
        defer { free(text) }
        return FilePath(String(cString: text))
    }
}
