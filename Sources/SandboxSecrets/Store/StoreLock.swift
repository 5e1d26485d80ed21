import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Keeps two writers from losing each other's change. The kernel drops it with the process, however that ends.
struct StoreLock {
    private let descriptor: OwnedDescriptor

    private static let patience: Duration = .seconds(30)

    /// Takes the lock. A `flock` cannot be awaited, so one that is held is tried again, ever later up to 50 ms.
    static func take(_ path: FilePath) async throws -> StoreLock {
        let number = open(path.string, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw SandboxError.system("opening \(path)", errno, remedy: "check who owns the data directory") }
        let descriptor = OwnedDescriptor(number)
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(1)
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SandboxError.system("locking \(path)", errno) }
            guard ContinuousClock.now < deadline else {
                throw SandboxError(
                    .timeout, "another process has been changing the secrets for \(patience)", remedy: "end it, then try again")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
        return StoreLock(descriptor: descriptor)
    }

    func release() { descriptor.close() }
}
