import GuestProtocol
import SandboxCore
import Synchronization
import SystemPackage

extension GuestFileSystem {
    func contents(of path: FilePath, offset: UInt64, length: UInt64?) async throws -> SandboxStream<[UInt8]> {
        let request = GuestRequest.readStream(path: wire(path), offset: offset, length: length)
        return try await stream(request, .bytes(limit: length), path) { if case .bytes(let bytes) = $0 { bytes } else { nil } }
    }

    func watch(_ path: FilePath, recursive: Bool) async throws -> SandboxStream<FileChange> {
        try await stream(.watch(path: wire(path), recursive: recursive), .watch, path) {
            if case .change(let change) = $0 { change } else { nil }
        }
    }

    func manifest(of root: FilePath, digests: Bool) async throws -> SandboxStream<FileEntry> {
        try await stream(.manifest(root: wire(root), digests: digests), .manifest, root) {
            if case .entry(let entry) = $0 { entry } else { nil }
        }
    }

    func export(_ root: FilePath, paths: [FilePath]) async throws -> SandboxStream<TreeItem> {
        let request = GuestRequest.exportTree(root: wire(root), paths: paths.map(\.guestBytes))
        return try await stream(request, .tree, root) { piece in
            switch piece {
            case .bytes(let bytes): .content(bytes)
            case .entry(let entry): .entry(entry)
            case .change: nil
            }
        }
    }

    func write(_ bytes: [UInt8], to path: FilePath, options: FileWriteOptions) async throws {
        // The request's frame also holds the path.
        guard bytes.count > Frame.maximumContent else {
            return try await change(.writeFile(path: wire(path), options: options.guestOptions, content: bytes), path)
        }
        _ = try await Upload.run(
            .writeStream(path: wire(path), options: options.guestOptions), path: path, isTree: false, over: try await session().link
        ) { try await $0.send(bytes) }
    }

    func write(_ stream: SandboxStream<[UInt8]>, to path: FilePath, options: FileWriteOptions) async throws {
        _ = try await Upload.run(
            .writeStream(path: wire(path), options: options.guestOptions), path: path, isTree: false, over: try await session().link
        ) { upload in
            for try await piece in stream { try await upload.send(piece) }
        }
    }

    func `import`(_ items: SandboxStream<TreeItem>, into root: FilePath) async throws -> [(path: FilePath, reason: String)] {
        try await Upload.run(.importTree(root: wire(root)), path: root, isTree: true, over: try await session().link) {
            try await $0.send(items)
        }
    }

    func `import`(
        _ items: SandboxStream<TreeItem>, into root: FilePath, written: @escaping @Sendable ([WrittenFile]) -> Void
    ) async throws -> (refused: [(path: FilePath, reason: String)], tellsWritten: Bool) {
        let session = try await session()
        guard session.tellsStamps else { return (try await self.import(items, into: root), false) }
        let request = GuestRequest.importTellingStamps(root: wire(root))
        return (
            try await Upload.run(request, path: root, isTree: true, over: session.link, written: written) { try await $0.send(items) }, true
        )
    }

    func folderDigests(of root: FilePath) async throws -> SandboxStream<FolderDigest>? {
        guard try await session().knowsFolders else { return nil }
        let bytes = try await stream(.folderDigests(root: wire(root)), .bytes(limit: nil), root) {
            if case .bytes(let bytes) = $0 { bytes } else { nil }
        }
        return SandboxStream(records: bytes, FolderRecords())
    }

    func entries(in folders: [FilePath], below root: FilePath) async throws -> SandboxStream<FileEntry> {
        let requests = FolderRequests(folders.map(\.guestBytes))
        let current = Mutex(SandboxStream<FileEntry>?.none)
        return SandboxStream {
            while true {
                if let stream = current.withLock({ $0 }) {
                    var iterator = stream.makeAsyncIterator()
                    if let entry = try await iterator.next() { return entry }
                }
                guard let folders = requests.next() else { return nil }
                let next = try await stream(.folderEntries(root: wire(root), folders: folders), .manifest, root) {
                    if case .entry(let entry) = $0 { entry } else { nil }
                }
                current.withLock { $0 = next }
            }
        }
    }

    func chunks(of path: FilePath) async throws -> SandboxStream<FileChunk>? {
        guard try await session().knowsChunks else { return nil }
        let bytes = try await stream(.fileChunks(path: wire(path)), .bytes(limit: nil), path) {
            if case .bytes(let bytes) = $0 { bytes } else { nil }
        }
        return SandboxStream(records: bytes, ChunkRecords())
    }

    private func stream<Element: Sendable>(
        _ request: GuestRequest, _ content: Download.Content, _ path: FilePath,
        _ element: @escaping @Sendable (Download.Piece) -> Element?
    ) async throws -> SandboxStream<Element> {
        // The closure is what holds the transfer: letting go of the stream lets go of it.
        let handle = try await Download.begin(request, content, path: path, over: try await session())
        return SandboxStream {
            guard let piece = try await handle.download.next() else { return nil }
            return element(piece)
        }
    }
}
