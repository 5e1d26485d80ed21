public import SandboxCore
import SystemPackage

/// Turns a tar stream into the items of a tree, piece by piece. What it reads is hostile: every length is bounded, and paths are handed on as
/// they are, because whoever writes them must check them anyway.
public struct TarReader: Sendable {
    static let kindKey = "SANDLOT.kind"
    private static let knownKeys: Set<String> = [kindKey, "path", "linkpath", "size", "mtime", "uid", "gid"]
    private static let longestHeader = 1 << 20

    private enum State {
        case header
        case content(left: UInt64, padding: Int)
        case extended(type: UInt8, left: Int, padding: Int, bytes: [UInt8])
        case skipping(left: UInt64)
        case ended
    }

    private var state = State.header
    private var buffer: [UInt8] = []
    private var position = 0
    private var next: [String: [UInt8]] = [:]

    /// Creates a reader.
    public init() {}

    /// True once the end of the archive was read; what follows is ignored.
    public var isAtEnd: Bool { if case .ended = state { true } else { false } }

    /// Hands over the next bytes of the stream.
    public mutating func feed(_ bytes: [UInt8]) {
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer += bytes
    }

    /// The next item; nil when more bytes are needed, or at the end.
    public mutating func item() throws -> TreeItem? {
        while true {
            switch state {
            case .ended: return nil
            case .header:
                guard let block = take(TarBlock.size) else { return nil }
                if block.allSatisfy({ $0 == 0 }) {
                    state = .ended
                    return nil
                }
                if let item = try begin(TarBlock(parsing: block)) { return item }
            case .content(let left, let padding):
                if left == 0 {
                    state = padding == 0 ? .header : .skipping(left: UInt64(padding))
                    continue
                }
                guard let piece = takeUpTo(Int(min(left, 256 << 10))) else { return nil }
                state = .content(left: left - UInt64(piece.count), padding: padding)
                return .content(Array(piece))
            case .skipping(let left):
                if left == 0 {
                    state = .header
                    continue
                }
                guard let piece = takeUpTo(Int(min(left, 1 << 20))) else { return nil }
                state = .skipping(left: left - UInt64(piece.count))
            case .extended(let type, let left, let padding, var bytes):
                if left > 0 {
                    guard let piece = takeUpTo(left) else { return nil }
                    bytes += piece
                    state = .extended(type: type, left: left - piece.count, padding: padding, bytes: bytes)
                    continue
                }
                try note(type, bytes)
                state = .skipping(left: UInt64(padding))
            }
        }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard buffer.count - position >= count else { return nil }
        defer { position += count }
        return buffer[position..<(position + count)]
    }

    private mutating func takeUpTo(_ count: Int) -> ArraySlice<UInt8>? {
        let available = min(count, buffer.count - position)
        return available > 0 ? take(available) : nil
    }

    private mutating func begin(_ block: TarBlock) throws -> TreeItem? {
        let padding = Int((512 - block.size % 512) % 512)
        switch block.type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            guard block.size <= UInt64(Self.longestHeader) else {
                throw SandboxError(.limitExceeded, "a header in the tar archive is larger than \(Self.longestHeader) bytes")
            }
            state = .extended(type: block.type, left: Int(block.size), padding: padding, bytes: [])
            return nil
        default: break
        }
        let extended = next
        next = [:]
        guard let kind = Self.kind(block.type, extended) else {
            throw SandboxError(
                .unsupported, "the tar archive holds a node of type '\(Character(UnicodeScalar(block.type)))'",
                remedy: "pack files, directories and symbolic links only (tar --hard-dereference)")
        }
        let size = try kind == .regular ? extended["size"].map { try Self.number($0) } ?? block.size : 0
        state =
            kind == .regular
            ? .content(left: size, padding: Int((512 - size % 512) % 512)) : .skipping(left: block.size + UInt64(padding))
        var path = extended["path"] ?? block.name
        while path.starts(with: [0x2E, 0x2F]) { path.removeFirst(2) }
        while path.count > 1, path.last == 0x2F { path.removeLast() }
        // `tar .` names the root itself, which is there already.
        if path.isEmpty || path == [0x2E] || (path == [0x2F] && kind == .directory) { return nil }
        let link = extended["linkpath"] ?? block.linkName
        return .entry(
            FileEntry(
                path: try FilePath(bytes: path), kind: kind, mode: block.mode, size: size,
                modified: try extended["mtime"].map(Self.nanoseconds) ?? Self.nanoseconds(block.modified),
                userID: UInt32(truncatingIfNeeded: try extended["uid"].map { try Self.number($0) } ?? block.userID),
                groupID: UInt32(truncatingIfNeeded: try extended["gid"].map { try Self.number($0) } ?? block.groupID),
                linkTarget: kind == .symbolicLink ? try FilePath(bytes: link) : nil))
    }

    private mutating func note(_ type: UInt8, _ bytes: [UInt8]) throws {
        switch type {
        case UInt8(ascii: "L"): next["path"] = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "K"): next["linkpath"] = Array(bytes.prefix { $0 != 0 })
        // Others are let go: many headers before one node would otherwise be kept all.
        case UInt8(ascii: "x"): try Self.records(bytes) { if Self.knownKeys.contains($0) { next[$0] = $1 } }
        default: break
        }
    }

    private static func records(_ bytes: [UInt8], _ body: (String, [UInt8]) -> Void) throws {
        let bad = SandboxError(.invalidArgument, "an extended header in the tar archive is not valid", remedy: "send a POSIX tar")
        var rest = bytes[...]
        while let space = rest.firstIndex(of: 0x20) {
            guard let length = Int(String(decoding: rest[rest.startIndex..<space], as: UTF8.self)), length > space - rest.startIndex + 1,
                length <= rest.count
            else { throw bad }
            let line = rest[(space + 1)..<(rest.startIndex + length)]
            guard let equals = line.firstIndex(of: 0x3D), line.last == 0x0A else { throw bad }
            body(String(decoding: line[line.startIndex..<equals], as: UTF8.self), Array(line[(equals + 1)...].dropLast()))
            rest = rest[(rest.startIndex + length)...]
        }
        guard rest.allSatisfy({ $0 == 0 }) else { throw bad }
    }

    private static func kind(_ type: UInt8, _ extended: [String: [UInt8]]) -> FileKind? {
        if let word = extended[kindKey] { return FileKind(rawValue: String(decoding: word, as: UTF8.self)) }
        return switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .regular
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        case UInt8(ascii: "5"): .directory
        case UInt8(ascii: "6"): .fifo
        default: nil
        }
    }

    private static func number(_ bytes: [UInt8]) throws -> UInt64 {
        guard let value = UInt64(String(decoding: bytes, as: UTF8.self)), value < 1 << 62 else {
            throw SandboxError(.invalidArgument, "a number in the tar archive is not valid", remedy: "send a POSIX tar")
        }
        return value
    }

    private static func nanoseconds(_ seconds: UInt64) -> Int64 { Int64(clamping: seconds).multipliedSafely(by: 1_000_000_000) }

    /// `1700000000.123456789`, perhaps negative.
    private static func nanoseconds(_ text: [UInt8]) throws -> Int64 {
        let parts = String(decoding: text, as: UTF8.self).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Int64(parts[0] == "-" ? "0" : parts[0]) else {
            throw SandboxError(.invalidArgument, "a time in the tar archive is not valid", remedy: "send a POSIX tar")
        }
        let digits = parts.count > 1 ? String((parts[1] + "000000000").prefix(9)) : "0"
        let fraction = Int64(digits) ?? 0
        return whole.multipliedSafely(by: 1_000_000_000) + (parts[0].hasPrefix("-") ? -fraction : fraction)
    }
}

extension Int64 {
    fileprivate func multipliedSafely(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow || product > .max - 1_000_000_000 ? (self < 0 ? -9_000_000_000_000_000_000 : 9_000_000_000_000_000_000) : product
    }
}
