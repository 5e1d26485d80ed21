import Synchronization

/// Where a built-in program reads from.
protocol ByteSource: Sendable {
    /// At most `limit` bytes; empty at the end.
    func read(_ limit: Int) async throws -> [UInt8]
}

/// Where a built-in program writes to.
protocol ByteSink: Sendable {
    /// Waits for room; throws `BrokenPipe` when nobody reads any more.
    func write(_ bytes: [UInt8]) async throws
}

/// Writing to a pipe that nobody reads.
struct BrokenPipe: Error {}

/// `/dev/null`.
struct NullDevice: ByteSource, ByteSink {
    func read(_ limit: Int) async throws -> [UInt8] { [] }
    func write(_ bytes: [UInt8]) async throws { try Task.checkCancellation() }
}

/// `/dev/zero`.
struct ZeroDevice: ByteSource, ByteSink {
    func read(_ limit: Int) async throws -> [UInt8] {
        try Task.checkCancellation()
        return [UInt8](repeating: 0, count: limit)
    }
    func write(_ bytes: [UInt8]) async throws { try Task.checkCancellation() }
}

/// A bounded pipe.
final class Pipe: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var start = 0
        var writerClosed = false
        var readerClosed = false
        var filled: Int { bytes.count - start }
    }

    static let capacity = 64 << 10
    private let state = Mutex(State())
    private let bell = Bell()

    func read(_ limit: Int) async throws -> [UInt8] {
        while true {
            let seen = bell.count
            let (piece, ended) = state.withLock { state -> ([UInt8], Bool) in
                let piece = Array(state.bytes[state.start...].prefix(limit))
                state.start += piece.count
                if state.start == state.bytes.count {
                    state.bytes.removeAll(keepingCapacity: true)
                    state.start = 0
                }
                return (piece, state.writerClosed)
            }
            if !piece.isEmpty { bell.ring() }
            if !piece.isEmpty || ended || limit == 0 { return piece }
            try await bell.wait(past: seen)
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let seen = bell.count
            let taken = try state.withLock { state -> Int in
                guard !state.readerClosed else { throw BrokenPipe() }
                let piece = rest.prefix(Pipe.capacity - state.filled)
                state.bytes.append(contentsOf: piece)
                return piece.count
            }
            rest = rest.dropFirst(taken)
            if taken > 0 { bell.ring() } else { try await bell.wait(past: seen) }
        }
    }

    func closeWriter() {
        state.withLock { $0.writerClosed = true }
        bell.ring()
    }

    func closeReader() {
        state.withLock { $0.readerClosed = true }
        bell.ring()
    }

    var isReaderClosed: Bool { state.withLock { $0.readerClosed } }
}

/// The reading end; letting go of the last reference closes it, as closing the last descriptor does.
final class PipeReader: ByteSource {
    let pipe: Pipe
    init(_ pipe: Pipe) { self.pipe = pipe }
    deinit { pipe.closeReader() }
    func read(_ limit: Int) async throws -> [UInt8] { try await pipe.read(limit) }
}

/// The writing end; letting go of the last reference closes it.
final class PipeWriter: ByteSink {
    let pipe: Pipe
    init(_ pipe: Pipe) { self.pipe = pipe }
    deinit { pipe.closeWriter() }
    func write(_ bytes: [UInt8]) async throws { try await pipe.write(bytes) }
}

/// An open file with its offset, shared by everybody who inherited it.
final class OpenFile: ByteSource, ByteSink {
    private let disk: MemoryDisk
    private let node: Int
    private let appends: Bool
    private let offset: Mutex<Int>

    init(disk: MemoryDisk, node: Int, appends: Bool) {
        self.disk = disk
        self.node = node
        self.appends = appends
        offset = Mutex(0)
    }

    func read(_ limit: Int) async throws -> [UInt8] {
        try Task.checkCancellation()
        return offset.withLock { offset in
            let piece = disk.tree.withLock { $0.bytes(of: node, from: offset, count: limit) }
            offset += piece.count
            return piece
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        offset.withLock { offset in
            disk.tree.withLock { tree in
                if appends { offset = tree.size(of: node) }
                tree.put(bytes, into: node, at: offset)
            }
            offset += bytes.count
        }
        disk.changed(node: node)
    }
}

/// What a file descriptor stands for.
struct Descriptor: Sendable {
    var source: (any ByteSource)?
    var sink: (any ByteSink)?
}
