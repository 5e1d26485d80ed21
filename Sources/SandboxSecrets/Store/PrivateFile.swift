import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Files that only their owner reads, and that are there whole or not at all.
enum PrivateFile {
    static func exists(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }

    static func remove(_ path: FilePath) { _ = unlink(path.string) }

    /// Replaces a file. A link at the path is replaced, not followed.
    static func write(_ text: String, to path: FilePath) throws { try write(Array(text.utf8), to: path) }

    static func write(_ bytes: [UInt8], to path: FilePath) throws {
        let draft = "\(path).\(getpid()).new"
        unlink(draft)
        let number = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw failure("creating \(draft)") }
        let file = OwnedDescriptor(number)
        do {
            try file.write(bytes)
            guard fsync(number) == 0, rename(draft, path.string) == 0 else { throw failure("writing \(path)") }
        } catch {
            unlink(draft)
            throw error
        }
        // The name is on disk only when its directory is.
        let parent = open(path.removingLastComponent().string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    private static func failure(_ what: String) -> SandboxError {
        SandboxError.system(what, errno, remedy: "check the owner of the directory and the room on its disk")
    }
}
