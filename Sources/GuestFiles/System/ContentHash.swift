internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// SHA-256 of bytes that come in pieces.
struct ContentHash {
    private var state = sandlot_sha256()

    init() { sandlot_sha256_init(&state) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { sandlot_sha256_update(&state, bytes.baseAddress, bytes.count) }

    /// The 32 bytes; nothing may be added afterwards.
    mutating func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            sandlot_sha256_final(&state, buffer.baseAddress)
            count = 32
        }
    }

    /// The digest and size of an open file from its start, read in pieces of `scratch`. Nil when it cannot be read, or
    /// when it need not be read any further.
    static func of(
        _ file: Descriptor, scratch: UnsafeMutableRawBufferPointer, isStopped: () -> Bool
    ) -> (digest: [UInt8], size: UInt64)? {
        var hash = ContentHash()
        var total: UInt64 = 0
        while true {
            let count = retrying { read(file.number, scratch.baseAddress, scratch.count) }
            if count < 0 { return nil }
            if count == 0 { break }
            hash.update(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
            total += UInt64(count)
            if count == scratch.count, isStopped() { return nil }
        }
        return (hash.finish(), total)
    }
}
