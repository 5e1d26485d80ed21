public import SystemPackage
import SandboxCore
import Glibc

/// Makes private directories and files.
public enum DataDirectory {
    /// Makes a directory and its missing parents with mode 0700; one that exists is left as it is.
    public static func make(_ path: FilePath) throws {
        if mkdir(path.string, 0o700) == 0 { return }
        switch errno {
        case EEXIST:
            var status = stat()
            guard stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw SandboxError(.invalidArgument, "\(path) is not a directory", remedy: "choose another data directory")
            }
        case ENOENT where path.removingLastComponent() != path && !path.removingLastComponent().isEmpty:
            try make(path.removingLastComponent())
            guard mkdir(path.string, 0o700) == 0 || errno == EEXIST else { throw failure(path, "make the directory") }
        default:
            throw failure(path, "make the directory")
        }
    }

    /// Makes an empty file with mode 0600 where there is none.
    static func makeFile(_ path: FilePath) throws {
        let descriptor = open(path.string, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path, "open") }
        close(descriptor)
    }

    static func failure(_ path: FilePath, _ action: String) -> SandboxError {
        let code = Errno(rawValue: errno)
        return SandboxError(
            code == .permissionDenied ? .denied : .unavailable, "cannot \(action) \(path)",
            remedy: "check the path, its owner and the room on its disk", cause: code)
    }
}
