import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess

/// Divides an open file into the chunks that a guest would make of the same content. Holds 4 MiB.
final class FileChunker {
    /// `bytes` is valid until the next one is asked for.
    struct Chunk {
        let offset: UInt64
        let bytes: UnsafeRawBufferPointer
        let digest: ContentDigest
    }

    private static let longest = Int(SANDLOT_LONGEST_CHUNK)

    private let file: OwnedDescriptor
    private let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * FileChunker.longest, alignment: 4096)
    private var start = 0
    private var end = 0
    /// Of the window's end in the file.
    private var position: UInt64 = 0
    private var isAtEnd = false

    /// From the file's beginning.
    init(_ file: OwnedDescriptor) { self.file = file }

    deinit { window.deallocate() }

    /// Nil at the file's end.
    func next() throws -> Chunk? {
        if !isAtEnd, end - start < Self.longest {
            window.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[start..<end]))
            (start, end) = (0, end - start)
            try fill()
        }
        guard start < end else { return nil }
        let rest = UnsafeRawBufferPointer(rebasing: window[start..<end])
        let length = sandlot_chunk_end(rest.bindMemory(to: UInt8.self).baseAddress, rest.count)
        let bytes = UnsafeRawBufferPointer(rebasing: rest[..<length])
        var hasher = ContentHasher()
        hasher.update(bytes)
        defer { start += length }
        return Chunk(offset: position - UInt64(end - start), bytes: bytes, digest: hasher.digest())
    }

    private func fill() throws {
        while end < window.count {
            let count = pread(file.raw, window.baseAddress.map { $0 + end }, window.count - end, off_t(position))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SandboxError.system("reading a file of the workspace", errno) }
            if count == 0 {
                isAtEnd = true
                return
            }
            end += count
            position += UInt64(count)
        }
    }
}

/// Where a version of a file holds which chunks.
struct ChunkPlaces: Sendable {
    /// Files smaller than this are moved whole.
    static let worthwhile: UInt64 = 4 << 20
    /// So many chunks are known; what lies behind them is moved again.
    private static let most = 1 << 20

    private var places: [ContentDigest: Range<UInt64>] = [:]

    /// Of a sandbox's file, as its guest tells.
    init(_ chunks: SandboxStream<FileChunk>) async throws {
        var offset: UInt64 = 0
        for try await chunk in chunks {
            guard let digest = ContentDigest(chunk.digest) else { throw SandboxError(.protocolViolation, "a chunk without a digest") }
            if places.count < Self.most { places[digest] = offset..<(offset + UInt64(chunk.length)) }
            offset += UInt64(chunk.length)
        }
    }

    /// Of a file of the host.
    init(_ file: OwnedDescriptor, _ stop: StopFlag) throws {
        let chunker = FileChunker(file)
        while let chunk = try chunker.next() {
            try stop.check()
            if places.count < Self.most { places[chunk.digest] = chunk.offset..<(chunk.offset + UInt64(chunk.bytes.count)) }
        }
    }

    subscript(digest: ContentDigest) -> Range<UInt64>? { places[digest] }
}
