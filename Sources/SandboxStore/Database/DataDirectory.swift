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

    /// Replaces a file by another with mode 0600, whole or not at all. A link at the path is replaced, not followed.
    public static func writeFile(_ path: FilePath, _ bytes: [UInt8]) throws {
        let draft = FilePath("\(path).\(getpid()).new")
        unlink(draft.string)
        let descriptor = open(draft.string, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(draft, "create") }
        do {
            defer { close(descriptor) }
            _ = try FileDescriptor(rawValue: descriptor).writeAll(bytes)
            guard fsync(descriptor) == 0, rename(draft.string, path.string) == 0 else { throw failure(path, "write") }
        } catch {
            unlink(draft.string)
            if let error = error as? Errno {
                throw SandboxError(
                    .unavailable, "cannot write \(path)", remedy: "check the room on its disk", cause: error)
            }
            throw error
        }
        // The name is on disk only when its directory is.
        let parent = open(path.removingLastComponent().string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    static func failure(_ path: FilePath, _ action: String) -> SandboxError {
        let code = Errno(rawValue: errno)
        return SandboxError(
            code == .permissionDenied ? .denied : .unavailable, "cannot \(action) \(path)",
            remedy: "check the path, its owner and the room on its disk", cause: code)
    }
}
