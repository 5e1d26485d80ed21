import GuestProtocol
import SandboxCore
import Synchronization
import SystemPackage

/// Values that a guest sends as bytes, cut anywhere.
protocol TransferRecords: Sendable {
    associatedtype Record: Sendable
    mutating func add(_ more: [UInt8])
    /// Nil when the rest is no whole record.
    mutating func next() throws -> Record?
    /// Throws when something is left.
    func end() throws
}

extension SandboxStream {
    /// The records in a transfer.
    init<Records: TransferRecords>(records bytes: SandboxStream<[UInt8]>, _ empty: Records) where Records.Record == Element {
        let records = Mutex(empty)
        self.init {
            while true {
                if let record = try records.withLock({ try $0.next() }) { return record }
                var iterator = bytes.makeAsyncIterator()
                guard let more = try await iterator.next() else {
                    try records.withLock { try $0.end() }
                    return nil
                }
                records.withLock { $0.add(more) }
            }
        }
    }
}

/// Digests of folders as the guest sends them: the length of the path, the lowest byte first, the path, and 32 bytes.
struct FolderRecords: TransferRecords {
    /// More than a guest walks.
    private static let longestPath = 64 << 10
    private var bytes: [UInt8] = []
    private var at = 0

    mutating func add(_ more: [UInt8]) {
        bytes.removeFirst(at)
        at = 0
        bytes += more
    }

    mutating func next() throws -> FolderDigest? {
        guard bytes.count - at >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
        guard length <= Self.longestPath else { throw Self.violation }
        let (path, end) = (at + 4, at + 4 + length + 32)
        guard bytes.count >= end else { return nil }
        let name = Array(bytes[path..<(path + length)])
        guard let folder = name.isEmpty ? FilePath() : FilePath(guestBytes: name) else { throw Self.violation }
        defer { at = end }
        return FolderDigest(path: folder, digest: Array(bytes[(path + length)..<end]))
    }

    func end() throws { if at != bytes.count { throw Self.violation } }

    private static var violation: SandboxError {
        SandboxError(.protocolViolation, "the sandbox sent an impossible list of folders")
    }
}

/// What an import's files look like once they are written, as the guest sends it: 20 bytes for each, numbers with the lowest byte first.
struct StampRecords {
    private static let size = 20
    private var rest: [UInt8] = []

    /// The files in what came; their entries are among those that were sent.
    mutating func files(in more: [UInt8], below entries: Int) throws(ProtocolViolation) -> [WrittenFile] {
        rest += more
        var files: [WrittenFile] = []
        var at = 0
        while rest.count - at >= Self.size {
            func number(_ offset: Int, _ count: Int) -> UInt64 {
                (0..<count).reduce(0) { $0 | UInt64(rest[at + offset + $1]) << UInt64(8 * $1) }
            }
            let index = Int(number(0, 4))
            guard index < entries else { throw .unexpected("a stamp of a file that was not sent") }
            files.append(WrittenFile(index: index, changed: Int64(bitPattern: number(4, 8)), inode: number(12, 8)))
            at += Self.size
        }
        rest.removeFirst(at)
        return files
    }
}

/// Asks for the content of folders in requests that fit a frame.
final class FolderRequests: Sendable {
    private static let most = 256 << 10
    private let folders: Mutex<ArraySlice<[UInt8]>>

    init(_ folders: [[UInt8]]) { self.folders = Mutex(folders[...]) }

    /// Nil when all were asked for.
    func next() -> [[UInt8]]? {
        folders.withLock { folders in
            var (count, size) = (0, 0)
            for folder in folders where size < Self.most { (count, size) = (count + 1, size + folder.count + 4) }
            defer { folders = folders.dropFirst(count) }
            return count == 0 ? nil : Array(folders.prefix(count))
        }
    }
}
