import SandboxCore
import Synchronization
import SystemPackage

extension MemoryFiles {
    func export(_ root: FilePath, paths: [FilePath]) async throws -> SandboxStream<TreeItem> {
        try check()
        let wanted = paths.map { $0.bytes }
        let items = try disk.tree.withLock { tree -> [TreeItem] in
            let base = try tree.node(absolute(root))
            for path in wanted where path.first == 0x2F || path.split(separator: 0x2F).contains([0x2E, 0x2E]) {
                throw FileRefusal(.invalid, path: FilePath(bytes: path), message: "the path leads out of the tree")
            }
            let all = tree.walk(below: base)
            for path in wanted where !all.contains(where: { $0.path == path }) {
                throw FileRefusal(.notFound, path: FilePath(bytes: path), message: "no such file or directory")
            }
            let chosen = all.filter { found in
                wanted.isEmpty || wanted.contains { found.path == $0 || found.path.starts(with: $0 + [0x2F]) }
            }
            return chosen.flatMap { found -> [TreeItem] in
                let entry = TreeItem.entry(tree.entry(of: found.node, path: FilePath(bytes: found.path)))
                let content = tree[found.node]?.kind == .regular ? tree[found.node]?.bytes ?? [] : []
                return [entry] + stride(from: 0, to: content.count, by: 64 << 10).map { .content(Array(content[$0...].prefix(64 << 10))) }
            }
        }
        return Self.stream(items)
    }

    func `import`(_ items: SandboxStream<TreeItem>, into root: FilePath) async throws -> [(path: FilePath, reason: String)] {
        try check()
        let base = absolute(root)
        var refused: [(path: FilePath, reason: String)] = []
        var current: (entry: FileEntry, content: [UInt8])?
        var foldersTimes: [(FilePath, Int64)] = []
        func finish() {
            guard let (entry, content) = current else { return }
            current = nil
            if let reason = place(entry, content, below: base) { refused.append((entry.path, reason)) }
        }
        for try await item in items {
            switch item {
            case .entry(let entry):
                finish()
                current = (entry, [])
                if entry.kind == .directory { foldersTimes.append((entry.path, entry.modified)) }
            case .content(let bytes): current?.content += bytes
            case .copy: throw SandboxError(.unsupported, "a sandbox in memory copies nothing of its files")
            }
        }
        finish()
        // Filling a folder changes its time, so the folders' come last.
        disk.tree.withLock { tree in
            for (path, time) in foldersTimes {
                guard !path.bytes.split(separator: 0x2F).contains([0x2E, 0x2E]) else { continue }
                if let id = try? tree.node(base + [0x2F] + path.bytes, followsLast: false), tree[id]?.kind == .directory {
                    tree[id]?.modified = time
                }
            }
        }
        return refused
    }

    /// Writes one entry; the reason when it is refused.
    private func place(_ entry: FileEntry, _ content: [UInt8], below base: [UInt8]) -> String? {
        let names = entry.path.bytes.split(separator: 0x2F).map(Array.init)
        guard entry.path.bytes.first != 0x2F else { return "the path is absolute" }
        guard !names.isEmpty, !names.contains([0x2E, 0x2E]) else { return "the path leads out of the tree" }
        return disk.tree.withLock { tree in
            do {
                var folder = base
                for name in names.dropLast() {
                    folder += [0x2F] + name
                    if let id = try tree.resolve(folder, followsLast: false).node {
                        guard tree[id]?.kind != .symbolicLink else { return "a folder of the path is a symbolic link" }
                    } else {
                        try tree.makeDirectory(folder, mode: 0o755, parents: false)
                    }
                }
                let path = base + [0x2F] + entry.path.bytes
                let place = try tree.resolve(path, followsLast: false)
                let taken = place.node.flatMap { tree[$0]?.kind }
                if let expected = entry.replaces, entry.kind != .directory {
                    let found = place.node.map { tree.entry(of: $0, path: entry.path) }
                    let node = found.flatMap { found in
                        found.changed.flatMap { changed in found.inode.map { ReplacedNode.node(changed: changed, inode: $0) } }
                    }
                    guard found == nil ? expected == .nothing : node == nil || node == expected else { return ReplacedNode.refusal }
                }
                if taken != nil && taken != entry.kind || taken == .symbolicLink { try tree.remove(path, recursive: false) }
                switch entry.kind {
                case .directory:
                    if taken != .directory { try tree.makeDirectory(path, mode: entry.mode, parents: false) }
                case .regular: try tree.write(content, to: path, options: FileWriteOptions(mode: entry.mode))
                case .symbolicLink: try tree.makeSymbolicLink(path, target: entry.linkTarget?.bytes ?? [])
                default: return "a \(entry.kind.rawValue) is not carried over"
                }
                let id = try tree.node(path, followsLast: false)
                if entry.kind != .symbolicLink { tree[id]?.mode = entry.mode & 0o7777 }
                tree[id]?.modified = entry.modified
                return nil
            } catch { return "\(error)" }
        }
    }
}
