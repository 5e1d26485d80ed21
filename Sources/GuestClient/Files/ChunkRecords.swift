import SandboxCore

/// The list of a file's chunks as the guest sends it: for each its length, the lowest byte first, and its digest.
struct ChunkRecords: TransferRecords {
    private static let size = 36
    /// More than a guest makes; what is longer would be no chunk.
    private static let longest = 16 << 20
    private var bytes: [UInt8] = []
    private var at = 0

    mutating func add(_ more: [UInt8]) {
        bytes.removeFirst(at)
        at = 0
        bytes += more
    }

    /// Nil when the rest is no whole record.
    mutating func next() throws -> FileChunk? {
        guard bytes.count - at >= Self.size else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
        guard (1...Self.longest).contains(length) else { throw Self.violation }
        defer { at += Self.size }
        return FileChunk(length: length, digest: Array(bytes[(at + 4)..<(at + Self.size)]))
    }

    func end() throws { if at != bytes.count { throw Self.violation } }

    private static var violation: SandboxError {
        SandboxError(.protocolViolation, "the sandbox sent an impossible list of a file's chunks")
    }
}
