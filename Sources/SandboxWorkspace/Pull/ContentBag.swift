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
    private let state: Mutex<(next: Int, items: [TreePath: Item])>

    /// In a directory that exists; numbers start behind those that are taken.
    init(_ path: FilePath, from first: Int = 0) throws {
        self.path = path
        directory = OwnedDescriptor(open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW))
        guard directory.raw >= 0 else { throw SandboxError.system("opening \(path)", errno) }
        state = Mutex((first, [:]))
    }

    subscript(path: TreePath) -> Item? { state.withLock { $0.items[path] } }

    var count: Int { state.withLock { $0.items.count } }
    var bytes: UInt64 { state.withLock { $0.items.values.reduce(0) { $0 &+ $1.size } } }

    /// A number that nothing else has.
    func nextNumber() -> Int {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    func add(_ item: Item, for path: TreePath) { state.withLock { $0.items[path] = item } }

    func drop(_ path: TreePath) {
        guard let item = state.withLock({ $0.items.removeValue(forKey: path) }) else { return }
        unlinkat(directory.raw, String(item.number), 0)
    }

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
