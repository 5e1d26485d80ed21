import CSandlotSystem
import Glibc
import SandboxProcess

/// SHA-256 of content as it goes by.
struct ContentHasher {
    private var context = sandlot_sha256()
    private(set) var count: UInt64 = 0

    init() { sandlot_sha256_init(&context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sandlot_sha256_update(&context, bytes.baseAddress, bytes.count)
        count += UInt64(bytes.count)
    }

    mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all that went by.
    func digest() -> ContentDigest {
        var copy = context
        let bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            sandlot_sha256_final(&copy, buffer.baseAddress)
            return Array(buffer)
        }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        func word(_ at: Int) -> UInt64 { bytes[at..<(at + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
        words = (word(0), word(8), word(16), word(24))
        return ContentDigest(words: words)
    }

    /// Digest and size of bytes.
    static func digest(of bytes: [UInt8]) -> ContentDigest {
        var hasher = ContentHasher()
        hasher.update(bytes)
        return hasher.digest()
    }

    /// Reads an open file from its beginning; nil when it cannot be read.
    static func digest(of file: OwnedDescriptor, stop: StopFlag) throws -> (digest: ContentDigest, size: UInt64)? {
        var hasher = ContentHasher()
        let size = 256 << 10
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: off_t = 0
        while true {
            try stop.check()
            let count = pread(file.raw, buffer.baseAddress, size, offset)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return (hasher.digest(), hasher.count) }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += off_t(count)
        }
    }
}
