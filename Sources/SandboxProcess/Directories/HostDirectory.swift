import SandboxCore
public import SystemPackage
import CSandlotSystem
import Glibc

/// Directories and small files that Sandlot keeps on the host.
public enum HostDirectory {
    /// Makes a directory with exactly this mode; an existing one is `alreadyExists`.
    public static func create(_ path: FilePath, mode: UInt32, owner: SpawnRequest.User? = nil) throws {
        guard mkdir(path.string, mode_t(0o700)) == 0 else { throw SandboxError.system("making the directory \(path)", errno) }
        if let owner, lchown(path.string, owner.uid, owner.gid) != 0 {
            throw SandboxError.system("giving \(path) to user \(owner.uid)", errno)
        }
        guard chmod(path.string, mode_t(mode)) == 0 else { throw SandboxError.system("setting the mode of \(path)", errno) }
    }

    /// Makes a directory and those above it that are missing; existing ones are left as they are.
    public static func ensure(_ path: FilePath, mode: UInt32) throws {
        if mkdir(path.string, mode_t(mode)) == 0 {
            // The process' umask may have taken bits away.
            _ = chmod(path.string, mode_t(mode))
            return
        }
        let number = errno
        if number == EEXIST { return }
        let parent = path.removingLastComponent()
        guard number == ENOENT, !parent.string.isEmpty, parent != path else {
            throw SandboxError.system("making the directory \(path)", number)
        }
        try ensure(parent, mode: mode)
        try ensure(path, mode: mode)
    }

    /// Replaces a file so that a crash of this process leaves the old or the new content, never a part. Mode 0600.
    ///
    /// - Parameter survivesPowerLoss: the same for a crash of the machine, which costs a wait for the disk.
    public static func replace(_ path: FilePath, with bytes: [UInt8], survivesPowerLoss: Bool = true) throws {
        let temporary = FilePath(path.string + ".new")
        let file = OwnedDescriptor(open(temporary.string, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard file.raw >= 0 else { throw SandboxError.system("writing \(temporary)", errno) }
        try file.write(bytes)
        guard !survivesPowerLoss || fsync(file.raw) == 0 else { throw SandboxError.system("storing \(temporary)", errno) }
        guard rename(temporary.string, path.string) == 0 else { throw SandboxError.system("renaming \(temporary) to \(path)", errno) }
    }

    /// A small file's content, or nil when there is none.
    public static func contents(_ path: FilePath, limit: Int = 64 << 10) throws -> [UInt8]? {
        let file = OwnedDescriptor(open(path.string, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        if file.raw < 0 {
            if errno == ENOENT { return nil }
            throw SandboxError.system("reading \(path)", errno)
        }
        var bytes: [UInt8] = []
        while let piece = try file.readAvailable(limit: 16 << 10), !piece.isEmpty {
            bytes += piece
            guard bytes.count <= limit else { throw SandboxError(.limitExceeded, "\(path) is larger than \(limit) bytes") }
        }
        return bytes
    }

    /// The names in a directory, at most `limit`; empty when there is none.
    public static func names(in path: FilePath, limit: Int = .max) throws -> [String] {
        guard let stream = opendir(path.string) else {
            if errno == ENOENT { return [] }
            throw SandboxError.system("listing \(path)", errno)
        }
        defer { closedir(stream) }
        return DirectoryTree.names(of: stream, limit: limit).map {
            $0.withUnsafeBufferPointer { String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self) }
        }
    }

    /// Whether a directory or file is there, links not followed.
    public static func exists(_ path: FilePath) -> Bool { faccessat(AT_FDCWD, path.string, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }

    /// Whether something is there, links not followed, and has not been changed for so many seconds.
    public static func isStale(_ path: FilePath, seconds: Int) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0 && time(nil) - status.st_mtim.tv_sec >= seconds
    }

    /// As `remove`, on the calling thread: for small directories of our own making.
    public static func removeSmall(_ path: FilePath) throws {
        if exists(path) { try DirectoryTree.remove(path) }
    }

    /// Removes a directory with all that is in it, never following a link. Idempotent. It runs on a thread of its own: it can take long.
    public static func remove(_ path: FilePath) async throws {
        guard exists(path) else { return }
        try await OwnThread.run { try DirectoryTree.remove(path) }
    }
}
