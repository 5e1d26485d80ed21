import Glibc
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// The host's files on their way into a sandbox, read a few at a time on a thread of their own: memory stays bounded whatever their size.
final class PushSource: Sendable {
    /// One path to be made inside.
    struct Item: Sendable {
        var path: TreePath
        var node: TreeNode
        /// As the host's scan saw it; only of files.
        var stamp: FileStamp?
        var isSettled: Bool
        var modified: Int64
        /// What the sandbox must still have there.
        var replaces: ReplacedNode?
        /// What the sandbox's version of a large file holds.
        var chunks: ChunkPlaces?
    }

    /// One entry of the import.
    struct Sent: Sendable {
        var path: TreePath
        /// With the content that it had when it was sent; nil while that is on its way.
        var node: TreeNode?
        var modified: Int64
        /// What the file looks like inside, once that was told.
        var stamp: FileStamp?
    }

    private static let batchBytes = 2 << 20
    private static let batchItems = 512
    private static let piece = 256 << 10

    private struct State {
        var next = 0
        var ready: [TreeItem] = []
        var at = 0
        var large: Large?
        var sent: [Sent] = []
        var missed: [TreePath: String] = [:]
        var files = 0
        var bytes: UInt64 = 0
        var movedBytes: UInt64 = 0
    }

    /// A file that does not fit a batch.
    private struct Large {
        var item: Item
        /// Among what was sent.
        var place: Int
        var file: OwnedDescriptor
        var size: UInt64
        var offset: UInt64 = 0
        var hasher = ContentHasher()
        var modified: Int64
        var chunker: FileChunker?
    }

    private let tree: HostTree
    private let items: [Item]
    private let state = Mutex(State())
    private let progress: @Sendable (Int, UInt64) -> Void

    init(_ tree: HostTree, _ items: [Item], progress: @escaping @Sendable (Int, UInt64) -> Void) {
        self.tree = tree
        self.items = items
        self.progress = progress
    }

    /// What was sent, in the order of the import.
    var sent: [Sent] { state.withLock { $0.sent } }
    /// What was not, because it changed after it was looked at.
    var missed: [TreePath: String] { state.withLock { $0.missed } }
    var files: Int { state.withLock { $0.files } }
    /// Of content that the sandbox did not have.
    var movedBytes: UInt64 { state.withLock { $0.movedBytes } }

    /// Notes what the sandbox told of files that it wrote: they have the size and time that they were given.
    func note(_ files: [WrittenFile]) {
        state.withLock { state in
            for file in files where state.sent.indices.contains(file.index) {
                state.sent[file.index].stamp = FileStamp(
                    size: 0, modified: state.sent[file.index].modified, changed: file.changed, inode: file.inode)
            }
        }
    }

    /// For an import.
    var stream: SandboxStream<TreeItem> { SandboxStream { try await self.next() } }

    private func next() async throws -> TreeItem? {
        while true {
            let (item, isOver) = state.withLock { state -> (TreeItem?, Bool) in
                if state.at < state.ready.count {
                    defer { state.at += 1 }
                    return (state.ready[state.at], false)
                }
                return (nil, state.next >= items.count && state.large == nil)
            }
            if let item { return item }
            if isOver { return nil }
            try await WorkThread.run { stop in try self.fill(stop) }
            let (files, bytes) = state.withLock { ($0.files, $0.bytes) }
            progress(files, bytes)
        }
    }

    private func fill(_ stop: StopFlag) throws {
        try state.withLock { state in
            state.ready = []
            state.at = 0
            var bytes = 0
            while bytes < Self.batchBytes, state.ready.count < Self.batchItems {
                try stop.check()
                if state.large != nil {
                    bytes += try readLarge(&state)
                } else if state.next < items.count {
                    state.next += 1
                    bytes += try take(items[state.next - 1], &state)
                } else {
                    return
                }
            }
        }
    }

    private func take(_ item: Item, _ state: inout State) throws -> Int {
        switch item.node {
        case .directory(let mode):
            state.ready.append(.entry(entry(item, .directory, size: 0, mode: mode, item.modified)))
            state.sent.append(Sent(path: item.path, node: item.node, modified: item.modified))
            return 0
        case .link(let target):
            var entry = entry(item, .symbolicLink, size: 0, mode: 0o777, item.modified)
            entry.linkTarget = FilePath(platformString: target.map { CInterop.PlatformChar(bitPattern: $0) } + [0])
            state.ready.append(.entry(entry))
            state.sent.append(Sent(path: item.path, node: item.node, modified: item.modified))
            return 0
        case .file(let digest, _, let mode):
            guard let file = tree.file(item.path), let status = HostStatus(file.raw), status.stamp == item.stamp else {
                state.missed[item.path] = Applier.changed
                return 0
            }
            if status.stamp.size > UInt64(Self.piece) {
                state.ready.append(.entry(entry(item, .regular, size: status.stamp.size, mode: mode, status.stamp.modified)))
                state.sent.append(Sent(path: item.path, node: nil, modified: status.stamp.modified))
                state.large = Large(
                    item: item, place: state.sent.count - 1, file: file, size: status.stamp.size, modified: status.stamp.modified,
                    chunker: item.chunks.map { _ in FileChunker(file) })
                return 0
            }
            let content = try Self.read(file, at: 0, count: Int(status.stamp.size))
            guard content.count == Int(status.stamp.size) else {
                state.missed[item.path] = Applier.changed
                return 0
            }
            // What was changed just before it was looked at may have been changed again since, without any trace.
            let actual = item.isSettled ? digest : ContentHasher.digest(of: content)
            state.ready.append(.entry(entry(item, .regular, size: UInt64(content.count), mode: mode, status.stamp.modified)))
            if !content.isEmpty { state.ready.append(.content(content)) }
            state.sent.append(
                Sent(
                    path: item.path, node: .file(digest: actual, size: UInt64(content.count), mode: mode), modified: status.stamp.modified))
            state.files += 1
            state.bytes += UInt64(content.count)
            state.movedBytes += UInt64(content.count)
            return content.count + 256
        }
    }

    private func readLarge(_ state: inout State) throws -> Int {
        guard var large = state.large.take() else { return 0 }
        let count: Int
        if let chunks = large.item.chunks {
            guard let chunk = try large.chunker?.next(), large.offset + UInt64(chunk.bytes.count) <= large.size else {
                throw Self.changed(large.item.path)
            }
            large.hasher.update(chunk.bytes)
            count = chunk.bytes.count
            Self.add(chunk, chunks, &state)
        } else {
            let content = try Self.read(large.file, at: large.offset, count: Int(min(UInt64(Self.piece), large.size - large.offset)))
            guard !content.isEmpty else { throw Self.changed(large.item.path) }
            large.hasher.update(content)
            count = content.count
            state.movedBytes += UInt64(count)
            state.ready.append(.content(content))
        }
        large.offset += UInt64(count)
        state.bytes += UInt64(count)
        guard large.offset == large.size else {
            state.large = large
            return count
        }
        state.files += 1
        // What went over is what counts: when somebody wrote to the file meanwhile, the next push finds it different.
        if case .file(_, _, let mode) = large.item.node {
            state.sent[large.place].node = .file(digest: large.hasher.digest(), size: large.size, mode: mode)
        }
        return count
    }

    /// What the sandbox has needs no more than its place; neighbours there are one piece here.
    private static func add(_ chunk: FileChunker.Chunk, _ known: ChunkPlaces, _ state: inout State) {
        guard let place = known[chunk.digest] else {
            state.movedBytes += UInt64(chunk.bytes.count)
            state.ready.append(.content(Array(chunk.bytes)))
            return
        }
        if case .copy(let offset, let length)? = state.ready.last, offset + length == place.lowerBound {
            state.ready[state.ready.count - 1] = .copy(offset: offset, length: length + UInt64(place.count))
        } else {
            state.ready.append(.copy(offset: place.lowerBound, length: UInt64(place.count)))
        }
    }

    private static func changed(_ path: TreePath) -> SandboxError {
        SandboxError(.conflict, "\(path) changed its length while it was copied", remedy: "push again")
    }

    private func entry(_ item: Item, _ kind: FileKind, size: UInt64, mode: UInt16, _ modified: Int64) -> FileEntry {
        FileEntry(path: item.path.filePath, kind: kind, mode: UInt32(mode), size: size, modified: modified, replaces: item.replaces)
    }

    static func read(_ file: OwnedDescriptor, at offset: UInt64, count: Int) throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(file.raw, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset) + off_t(filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        guard failure == 0 else { throw SandboxError.system("reading a file of the workspace", failure) }
        return bytes
    }
}
