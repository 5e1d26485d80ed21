import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes what a sandbox sends below a directory of this machine, and nowhere else: the sandbox is not trusted. Every step of every path is
/// opened without following links, so that a link that was sent before cannot lead outside.
actor HostTreeWriter {
    private let root: FileDescriptor
    private var file: FileDescriptor?
    /// Directories get their own mode at the end: a read-only one must be filled first.
    private var modes: [(path: FilePath, mode: UInt32)] = []
    /// What was not written, and why.
    private(set) var refused: [(path: FilePath, reason: String)] = []

    private let thread = BlockingThread()
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// The directory must exist.
    init(root path: FilePath) throws {
        do {
            root = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw SandboxError(.notFound, "cannot open the directory \(path): \(error)", remedy: "create it first")
        }
    }

    deinit {
        try? file?.close()
        try? root.close()
    }

    func write(_ item: TreeItem) throws {
        switch item {
        case .content(let bytes):
            _ = try file?.writeAll(bytes)
        case .copy: throw SandboxError(.protocolViolation, "the sandbox sent no content", remedy: "report this")
        case .entry(let entry):
            try endFile()
            do { try write(entry) } catch let error as Errno { refused.append((entry.path, error.description)) }
        }
    }

    func finish() throws {
        try endFile()
        for (path, mode) in modes.reversed() {
            guard let (parent, name) = try? open(parentOf: path) else { continue }
            fchmodat(parent.rawValue, name, mode & 0o777, 0)
            try parent.close()
        }
        modes = []
    }

    private func endFile() throws {
        try file?.close()
        file = nil
    }

    private func write(_ entry: FileEntry) throws {
        let (parent, name) = try open(parentOf: entry.path)
        defer { try? parent.close() }
        switch entry.kind {
        case .directory:
            guard mkdirat(parent.rawValue, name, 0o700) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
            // A link in its place is refused here, before anything goes below it.
            try Self.openDirectory(name, in: parent).close()
            modes.append((entry.path, entry.mode))
        case .regular:
            try Self.removeFile(name, in: parent)
            let number = openat(parent.rawValue, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(entry.mode & 0o777))
            guard number >= 0 else { throw Errno(rawValue: errno) }
            file = FileDescriptor(rawValue: number)
        case .symbolicLink:
            guard let target = entry.linkTarget else { throw Errno.invalidArgument }
            try Self.removeFile(name, in: parent)
            guard symlinkat(target.string, parent.rawValue, name) == 0 else { throw Errno(rawValue: errno) }
        default:
            refused.append((entry.path, "a \(entry.kind.rawValue) is not copied"))
        }
    }

    /// The directory that holds a path, opened step by step from the root, and the path's last name.
    private func open(parentOf path: FilePath) throws -> (FileDescriptor, String) {
        let names = path.components.map { (component: $0, name: $0.string) }
        guard !path.isAbsolute, !names.isEmpty, names.allSatisfy({ $0.component.kind == .regular && !$0.name.contains("/") }) else {
            throw Errno.invalidArgument
        }
        var directory = try root.duplicate()
        for (_, name) in names.dropLast() {
            let next: FileDescriptor
            do { next = try Self.openDirectory(name, in: directory) } catch {
                try? directory.close()
                throw error
            }
            try directory.close()
            directory = next
        }
        return (directory, names[names.count - 1].name)
    }

    private static func openDirectory(_ name: String, in parent: FileDescriptor) throws -> FileDescriptor {
        let number = openat(parent.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: number)
    }

    private static func removeFile(_ name: String, in parent: FileDescriptor) throws {
        guard unlinkat(parent.rawValue, name, 0) == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
    }
}
