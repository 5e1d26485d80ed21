import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A tree of this machine as items, parents first. Links are passed on as links and never followed below the root.
actor HostTreeReader {
    private let root: FilePath
    /// Paths relative to the root that are still to come, the next one last.
    private var pending: [FilePath]
    private var file: FileDescriptor?
    /// Sockets, devices and pipes that were left out.
    private(set) var skipped: [FilePath] = []

    private let thread = BlockingThread()
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(root: FilePath) throws {
        self.root = root
        pending = try Self.children(of: root, below: "").reversed()
    }

    /// The items, read as fast as they are taken.
    nonisolated var items: SandboxStream<TreeItem> { SandboxStream { try await self.next() } }

    private func next() throws -> TreeItem? {
        if let open = file {
            let piece = try [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
                count = try open.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            if !piece.isEmpty { return .content(piece) }
            file = nil
            try open.close()
        }
        while let path = pending.popLast() {
            let full = root.pushing(path)
            var status = stat()
            guard lstat(full.string, &status) == 0 else { throw Self.failure("read", full) }
            var entry = FileEntry(
                path: path, kind: .regular, mode: UInt32(status.st_mode & 0o7777), size: UInt64(max(0, status.st_size)),
                modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                do {
                    file = try FileDescriptor.open(full, .readOnly, options: [.noFollow, .closeOnExec])
                } catch { throw Self.failure("read", full) }
                return .entry(entry)
            case S_IFDIR:
                entry.kind = .directory
                entry.size = 0
                pending += try Self.children(of: full, below: path).reversed()
                return .entry(entry)
            case S_IFLNK:
                entry.kind = .symbolicLink
                var target = [UInt8](repeating: 0, count: 4096)
                let count = target.withUnsafeMutableBytes { buffer in
                    buffer.bindMemory(to: CChar.self).baseAddress.map { readlink(full.string, $0, buffer.count) } ?? -1
                }
                guard count > 0 else { throw Self.failure("read", full) }
                entry.linkTarget = FilePath(String(decoding: target.prefix(count), as: UTF8.self))
                return .entry(entry)
            default:
                skipped.append(path)
            }
        }
        return nil
    }

    private static func children(of directory: FilePath, below path: FilePath) throws -> [FilePath] {
        guard let stream = opendir(directory.string) else { throw failure("list", directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted().map { path.appending($0) }
    }

    private static func failure(_ what: String, _ path: FilePath) -> SandboxError {
        SandboxError(.denied, "cannot \(what) \(path): \(Errno(rawValue: errno))", remedy: "check that it exists and who may read it")
    }
}
