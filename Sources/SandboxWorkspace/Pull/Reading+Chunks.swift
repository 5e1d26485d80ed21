import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

extension Reading {
    /// Brings out a large file of which the host has a version, by moving only the chunks that the host's version lacks. Nil when that cannot be
    /// done, or the host's file changed meanwhile: then it is read as a whole.
    func readChunks(_ path: TreePath) async throws -> (entry: FileEntry, item: ContentBag.Item)? {
        guard let tree, let keep, let source = tree.file(path), let size = HostStatus(source.raw)?.stamp.size,
            size >= ChunkPlaces.worthwhile
        else { return nil }
        let inside = root.pushing(path.filePath)
        do {
            let entry = try await files.stat(inside, followsLinks: false)
            guard entry.kind == .regular, entry.changed != nil, entry.size >= ChunkPlaces.worthwhile,
                let chunks = try await files.chunks(of: inside)
            else { return nil }
            let known = try await WorkThread.run { stop in try ChunkPlaces(source, stop) }
            let number = keep.nextNumber()
            var patch = Patch(source: source, target: try keep.makeFile(number))
            var missing: Range<UInt64>?
            var offset: UInt64 = 0
            for try await chunk in chunks {
                let range = offset..<(offset + UInt64(chunk.length))
                offset = range.upperBound
                guard let digest = ContentDigest(chunk.digest), let place = known[digest], place.count == chunk.length else {
                    missing = (missing?.lowerBound ?? range.lowerBound)..<range.upperBound
                    continue
                }
                if let range = missing { try await patch.fetch(range, of: inside, from: files) }
                missing = nil
                guard try patch.copy(place, digest) else {
                    keep.discard(number)
                    return nil
                }
            }
            if let range = missing { try await patch.fetch(range, of: inside, from: files) }
            keep.save(patch.saved)
            return (entry, ContentBag.Item(number: number, digest: patch.hasher.digest(), size: patch.hasher.count))
        } catch is FileRefusal { return nil }
    }
}

/// A file that grows from pieces of another and from what is fetched.
private struct Patch {
    let source: OwnedDescriptor
    let target: OwnedDescriptor
    private(set) var hasher = ContentHasher()
    /// Bytes that needed not be moved.
    private(set) var saved: UInt64 = 0

    init(source: OwnedDescriptor, target: OwnedDescriptor) {
        self.source = source
        self.target = target
    }

    /// False when the source does not hold the chunk any more.
    mutating func copy(_ range: Range<UInt64>, _ digest: ContentDigest) throws -> Bool {
        let bytes = try PushSource.read(source, at: range.lowerBound, count: range.count)
        guard ContentHasher.digest(of: bytes) == digest else { return false }
        hasher.update(bytes)
        try target.write(bytes)
        saved += UInt64(range.count)
        return true
    }

    mutating func fetch(_ range: Range<UInt64>, of path: FilePath, from files: any SandboxFileSystem) async throws {
        for try await bytes in try await files.contents(of: path, offset: range.lowerBound, length: UInt64(range.count)) {
            hasher.update(bytes)
            try target.write(bytes)
        }
    }
}
