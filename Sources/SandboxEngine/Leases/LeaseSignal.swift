import Glibc
import SandboxStore
import SystemPackage

/// Tells the service of any engine that a lease changed: here by a signal, elsewhere by the time stamp of a file.
final class LeaseSignal: Sendable {
    let changes = ChangeSignal()
    private let file: FilePath
    private let watch: FileWatch

    init(file: FilePath) throws {
        self.file = file
        try FileDescriptor.open(file, .writeOnly, options: [.create, .closeOnExec, .noFollow], permissions: .ownerReadWrite).close()
        watch = FileWatch { [changes] in changes.notify() }
    }

    /// Something changed that may bring a deadline nearer.
    func notify() {
        utimensat(AT_FDCWD, file.string, nil, 0)
        changes.notify()
    }

    /// A session may have become idle. Its time to live begins only now, so the deadlines of other engines are looked at soon enough anyway.
    func execEnded() { changes.notify() }

    /// From now on the notifications of other processes count too.
    func listen() { watch.watch(file) }

    func end() { watch.end() }
}
