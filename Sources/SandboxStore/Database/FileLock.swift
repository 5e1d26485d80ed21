public import SystemPackage
import Glibc
import SandboxCore
import Synchronization

/// An exclusive `flock` on a file. The kernel drops it with the process, however that ends; descriptors are not inherited by programs.
public final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    private init(descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { unlock() }

    /// Takes the lock, or returns nil while somebody else (this process included) holds it.
    public static func trying(at path: FilePath) throws -> FileLock? { try take(path, LOCK_EX | LOCK_NB) }

    /// Whether somebody holds the lock. Any number may ask at the same time without disturbing each other.
    public static func isHeld(at path: FilePath) throws -> Bool { try take(path, LOCK_SH | LOCK_NB) == nil }

    /// Takes the lock and blocks the thread until it has it: only for locks that are held for milliseconds.
    static func waiting(at path: FilePath) throws -> FileLock {
        guard let lock = try take(path, LOCK_EX) else {
            throw SandboxError(.unavailable, "cannot lock \(path)", remedy: "try again")
        }
        return lock
    }

    /// Gives the lock back. Idempotent; letting go of the value does the same.
    public func unlock() {
        descriptor.withLock { descriptor in
            if let open = descriptor { close(open) }
            descriptor = nil
        }
    }

    private static func take(_ path: FilePath, _ operation: Int32) throws -> FileLock? {
        while true {
            let descriptor = open(path.string, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw DataDirectory.failure(path, "open the lock file") }
            let lock = FileLock(descriptor: descriptor)
            var result = flock(descriptor, operation)
            while result != 0 && errno == EINTR { result = flock(descriptor, operation) }
            guard result == 0 else {
                guard errno == EWOULDBLOCK else { throw DataDirectory.failure(path, "lock") }
                return nil
            }
            // The holder before may have removed the file: then the lock is on a name that nobody finds any more.
            var mine = stat()
            var named = stat()
            if fstat(descriptor, &mine) == 0, stat(path.string, &named) == 0, mine.st_ino == named.st_ino { return lock }
        }
    }
}
