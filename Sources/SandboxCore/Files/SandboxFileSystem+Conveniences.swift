public import SystemPackage

extension SandboxFileSystem {
    /// The whole file; throws `tooLarge` beyond `limit` bytes.
    public func readAll(_ path: FilePath, limit: Int = 16 << 20) async throws -> [UInt8] {
        var content: [UInt8] = []
        for try await piece in try await contents(of: path, offset: 0, length: nil) {
            guard content.count + piece.count <= limit else {
                throw FileRefusal(.tooLarge, path: path, message: "the file is larger than \(limit) bytes")
            }
            content.append(contentsOf: piece)
        }
        return content
    }

    /// Writes UTF-8 text.
    public func write(text: String, to path: FilePath, options: FileWriteOptions = FileWriteOptions()) async throws {
        try await write(Array(text.utf8), to: path, options: options)
    }

    /// All entries of a directory.
    public func listAll(_ path: FilePath) async throws -> [FileEntry] {
        var all: [FileEntry] = []
        var cursor: FilePath?
        while true {
            let page = try await list(path, after: cursor, limit: 1000)
            all += page.entries
            guard page.more, let last = page.entries.last else { return all }
            cursor = last.path
        }
    }
}

extension SandboxFileSystem {
    /// No backend but one with a guest looks into its files.
    public func chunks(of path: FilePath) async throws -> SandboxStream<FileChunk>? { nil }

    /// Tells nothing of what was written.
    public func `import`(
        _ items: SandboxStream<TreeItem>, into root: FilePath, written: @escaping @Sendable ([WrittenFile]) -> Void
    ) async throws -> (refused: [(path: FilePath, reason: String)], tellsWritten: Bool) {
        (try await self.import(items, into: root), false)
    }

    /// No backend but one with a guest looks into its folders.
    public func folderDigests(of root: FilePath) async throws -> SandboxStream<FolderDigest>? { nil }

    /// Looks at the whole tree.
    public func entries(in folders: [FilePath], below root: FilePath) async throws -> SandboxStream<FileEntry> {
        let (wanted, all) = (Set(folders), try await manifest(of: root, digests: false))
        return SandboxStream {
            var iterator = all.makeAsyncIterator()
            while let entry = try await iterator.next() {
                if wanted.contains(entry.path.removingLastComponent()) { return entry }
            }
            return nil
        }
    }

    /// Looks, then removes: between the two is a moment.
    public func remove(_ path: FilePath, ifStill node: ReplacedNode) async throws {
        let found = try await stat(path, followsLinks: false)
        if let changed = found.changed, let inode = found.inode, node != .node(changed: changed, inode: inode) {
            throw FileRefusal(.alreadyExists, path: path, message: ReplacedNode.refusal)
        }
        try await remove(path, recursive: false)
    }
}

extension ReplacedNode {
    /// Why a node that is not the expected one is left alone.
    public static let refusal = "it changed in the sandbox meanwhile"
}
