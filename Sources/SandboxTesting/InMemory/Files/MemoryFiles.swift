import SandboxCore
import Synchronization
import SystemPackage

/// The file calls of an in-memory sandbox.
struct MemoryFiles: SandboxFileSystem {
    let disk: MemoryDisk
    let workspace: FilePath
    /// Throws when the sandbox is gone.
    let check: @Sendable () throws -> Void

    private static let largestRead = 256 << 10
    private static let piece = 64 << 10

    func absolute(_ path: FilePath) -> [UInt8] { path.absolute(inWorkspace: workspace).bytes }

    private func edit<R>(_ body: (inout MemoryTree) throws -> R) throws -> R {
        try check()
        return try disk.tree.withLock { tree in try body(&tree) }
    }

    func read(_ path: FilePath, offset: UInt64, length: Int) async throws -> [UInt8] {
        guard length >= 0 else { throw SandboxError(.invalidArgument, "a length of \(length) bytes makes no sense") }
        return try edit { tree in
            let id = try tree.readable(absolute(path))
            return tree.bytes(of: id, from: Int(clamping: offset), count: Swift.min(length, Self.largestRead))
        }
    }

    func contents(of path: FilePath, offset: UInt64, length: UInt64?) async throws -> SandboxStream<[UInt8]> {
        let all = try edit { tree in
            let id = try tree.readable(absolute(path))
            return tree.bytes(of: id, from: Int(clamping: offset), count: length.map { Int(clamping: $0) } ?? Int.max)
        }
        let position = Mutex(0)
        return SandboxStream {
            let piece = position.withLock { position in
                let piece = Array(all[position...].prefix(Self.piece))
                position += piece.count
                return piece
            }
            return piece.isEmpty ? nil : piece
        }
    }

    func write(_ bytes: [UInt8], to path: FilePath, options: FileWriteOptions) async throws {
        let isNew = try edit { tree in
            let isNew = (try? tree.node(absolute(path))) == nil
            try tree.write(bytes, to: absolute(path), options: options)
            return isNew
        }
        disk.changed(absolute(path), isNew ? .created : .modified)
    }

    func write(_ stream: SandboxStream<[UInt8]>, to path: FilePath, options: FileWriteOptions) async throws {
        var all: [UInt8] = []
        for try await piece in stream { all += piece }
        try await write(all, to: path, options: options)
    }

    func stat(_ path: FilePath, followsLinks: Bool) async throws -> FileEntry {
        try edit { tree in
            let id = try tree.node(absolute(path), followsLast: followsLinks)
            return tree.entry(of: id, path: path)
        }
    }

    func list(_ path: FilePath, after cursor: FilePath?, limit: Int) async throws -> (entries: [FileEntry], more: Bool) {
        guard limit > 0 else { throw SandboxError(.invalidArgument, "a page of \(limit) entries makes no sense", remedy: "use 1 or more") }
        return try edit { tree in
            let id = try folder(path, in: tree)
            let after = cursor.map(\.bytes)
            let names = (tree[id]?.children.keys.map { $0 } ?? []).sorted(by: NameOrder.precedes)
                .filter { name in after.map { NameOrder.precedes($0, name) } ?? true }
            let entries = names.prefix(limit).compactMap { name in
                tree[id]?.children[name].map { tree.entry(of: $0, path: FilePath(bytes: name)) }
            }
            return (entries, names.count > limit)
        }
    }

    private func folder(_ path: FilePath, in tree: MemoryTree) throws -> Int {
        let id = try tree.node(absolute(path))
        guard tree[id]?.kind == .directory else { throw FileRefusal(.notDirectory, path: path, message: "not a directory") }
        guard tree.allows(id, Access.read) else { throw FileRefusal(.permissionDenied, path: path, message: "permission denied") }
        return id
    }

    func makeDirectory(_ path: FilePath, mode: UInt32, parents: Bool) async throws {
        try edit { try $0.makeDirectory(absolute(path), mode: mode, parents: parents) }
        disk.changed(absolute(path), .created)
    }

    func remove(_ path: FilePath, recursive: Bool) async throws {
        try edit { try $0.remove(absolute(path), recursive: recursive) }
        disk.changed(absolute(path), .removed)
    }

    func move(_ source: FilePath, to target: FilePath, overwrite: Bool) async throws {
        try edit { try $0.move(absolute(source), to: absolute(target), overwrite: overwrite) }
        disk.changed(absolute(source), .removed)
        disk.changed(absolute(target), .created)
    }

    func makeSymbolicLink(_ path: FilePath, target: FilePath) async throws {
        try edit { try $0.makeSymbolicLink(absolute(path), target: target.bytes) }
        disk.changed(absolute(path), .created)
    }

    func changeMode(_ path: FilePath, mode: UInt32) async throws {
        try edit { try $0.changeMode(absolute(path), mode: mode) }
        disk.changed(absolute(path), .attributes)
    }

    func glob(_ pattern: String, root: FilePath, limit: Int, includesHidden: Bool) async throws -> (entries: [FileEntry], more: Bool) {
        try edit { tree in
            let base = absolute(root)
            let glob = GlobPattern(pattern)
            let found = tree.walk(below: try folder(root, in: tree)).filter { glob.matches($0.path, includesHidden: includesHidden) }
            let entries = found.prefix(limit).map { tree.entry(of: $0.node, path: FilePath(bytes: base + [0x2F] + $0.path)) }
            return (entries, found.count > limit)
        }
    }

    func watch(_ path: FilePath, recursive: Bool) async throws -> SandboxStream<FileChange> {
        let watch = MemoryDisk.Watch(root: FilePath(bytes: absolute(path)).lexicallyNormalized().bytes, recursive: recursive)
        _ = try edit { try folder(path, in: $0) }
        let registration = WatchRegistration(disk: disk, key: disk.addWatch(watch))
        return SandboxStream {
            // Held by the stream: letting go of it ends the watch.
            withExtendedLifetime(registration) {}
            return try await watch.next()
        }
    }

    func manifest(of root: FilePath, digests: Bool) async throws -> SandboxStream<FileEntry> {
        let entries = try edit { tree in
            tree.walk(below: try folder(root, in: tree)).map { found in
                tree.entry(of: found.node, path: FilePath(bytes: found.path), digest: digests)
            }
        }
        return Self.stream(entries)
    }

    static func stream<Element: Sendable>(_ elements: [Element]) -> SandboxStream<Element> {
        let position = Mutex(0)
        return SandboxStream {
            position.withLock { position in
                defer { position += 1 }
                return position < elements.count ? elements[position] : nil
            }
        }
    }
}

/// Ends a watch when the last one who listens lets go.
private final class WatchRegistration: Sendable {
    private let disk: MemoryDisk
    private let key: Int

    init(disk: MemoryDisk, key: Int) {
        self.disk = disk
        self.key = key
    }

    deinit { disk.removeWatch(key) }
}
