import Glibc
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// Content on its way out of a sandbox: numbered files in a directory of ours, on the file system where they will be needed.
final class ContentBag: Sendable {
    struct Item: Sendable, Equatable {
        let number: Int
        let digest: ContentDigest
        let size: UInt64
    }

    let directory: OwnedDescriptor
    let path: FilePath
    private let state: Mutex<(next: Int, items: [TreePath: Item], saved: UInt64, added: UInt64)>
    /// Told with each file: how many there are, and bytes of all that were added.
    private let progress: @Sendable (_ files: Int, _ bytes: UInt64) -> Void

    /// In a directory that exists; numbers start behind those that are taken.
    init(_ path: FilePath, from first: Int = 0, progress: @escaping @Sendable (_ files: Int, _ bytes: UInt64) -> Void = { _, _ in }) throws
    {
        self.path = path
        self.progress = progress
        directory = OwnedDescriptor(open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW))
        guard directory.raw >= 0 else { throw SandboxError.system("opening \(path)", errno) }
        state = Mutex((first, [:], 0, 0))
    }

    subscript(path: TreePath) -> Item? { state.withLock { $0.items[path] } }

    var count: Int { state.withLock { $0.items.count } }
    /// Bytes that came out of the sandbox.
    var movedBytes: UInt64 {
        state.withLock { state in
            let all = state.items.values.reduce(UInt64(0)) { $0 &+ $1.size }
            return all > state.saved ? all - state.saved : 0
        }
    }

    /// Notes bytes that the host had already.
    func save(_ bytes: UInt64) { state.withLock { $0.saved &+= bytes } }

    /// A number that nothing else has.
    func nextNumber() -> Int {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    func add(_ item: Item, for path: TreePath) {
        let (files, bytes) = state.withLock { state in
            state.items[path] = item
            state.added &+= item.size
            return (state.items.count, state.added)
        }
        progress(files, bytes)
    }

    func drop(_ path: TreePath) {
        guard let item = state.withLock({ $0.items.removeValue(forKey: path) }) else { return }
        discard(item.number)
    }

    /// Removes a file that was not added.
    func discard(_ number: Int) { unlinkat(directory.raw, String(number), 0) }

    /// An empty file to write to, mode 0600.
    func makeFile(_ number: Int) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(openat(directory.raw, String(number), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard file.raw >= 0 else { throw SandboxError.system("making a file in \(path)", errno) }
        return file
    }

    /// The file of a number, for reading.
    func file(_ number: Int) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(openat(directory.raw, String(number), O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        guard file.raw >= 0 else { throw SandboxError.system("reading a file in \(path)", errno) }
        return file
    }
}
