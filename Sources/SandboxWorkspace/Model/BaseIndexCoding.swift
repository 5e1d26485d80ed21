import SandboxCore

extension BaseIndex {
    private static let magic: [UInt8] = Array("SWB1".utf8)

    /// As bytes, for the store. A path is written as what it does not share with the one before.
    public func encoded() -> [UInt8] {
        var writer = ByteSink()
        writer.bytes = Self.magic
        writer.bytes.reserveCapacity(entries.count * 100)
        writer.number(UInt64(entries.count))
        var previous: [UInt8] = []
        for entry in entries {
            let path = entry.path.bytes
            let shared = zip(path, previous).prefix { $0 == $1 }.count
            writer.number(UInt64(shared))
            writer.block(path[shared...])
            previous = path
            writer.node(entry.node)
            switch entry.underWay {
            case nil: writer.bytes.append(0)
            case .absent?: writer.bytes.append(1)
            case .node(let node)?:
                writer.bytes.append(2)
                writer.node(node)
            }
            writer.stamp(entry.hostStamp)
            writer.stamp(entry.sandboxStamp)
        }
        return writer.bytes
    }

    /// Reads what `encoded` wrote. Throws `internalError` for anything else.
    public init(decoding bytes: [UInt8]) throws {
        var reader = ByteSource(bytes: bytes)
        guard try reader.take(4).elementsEqual(Self.magic) else { throw ByteSource.damaged }
        let count = try reader.number()
        guard count <= UInt64(bytes.count) else { throw ByteSource.damaged }
        var entries: [BaseEntry] = []
        entries.reserveCapacity(Int(count))
        var previous: [UInt8] = []
        for _ in 0..<count {
            let shared = Int(clamping: try reader.number())
            guard shared <= previous.count else { throw ByteSource.damaged }
            let path = Array(previous[..<shared]) + (try reader.block())
            previous = path
            var entry = BaseEntry(TreePath(unchecked: path), try reader.node())
            switch try reader.byte() {
            case 0: break
            case 1: entry.underWay = .absent
            default:
                guard let node = try reader.node() else { throw ByteSource.damaged }
                entry.underWay = .node(node)
            }
            entry.hostStamp = try reader.stamp()
            entry.sandboxStamp = try reader.stamp()
            entries.append(entry)
        }
        self.init(entries)
    }
}

/// Writes the parts of an index or a journal.
struct ByteSink {
    var bytes: [UInt8] = []

    mutating func number(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    mutating func signed(_ value: Int64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }

    mutating func block(_ block: some Collection<UInt8>) {
        number(UInt64(block.count))
        bytes.append(contentsOf: block)
    }

    mutating func node(_ node: TreeNode?) {
        switch node {
        case nil: bytes.append(0)
        case .file(let digest, let size, let mode)?:
            bytes.append(1)
            for word in digest.all { signed(Int64(bitPattern: word)) }
            number(size)
            number(UInt64(mode))
        case .directory(let mode)?:
            bytes.append(2)
            number(UInt64(mode))
        case .link(let target)?:
            bytes.append(3)
            block(target)
        }
    }

    mutating func stamp(_ stamp: FileStamp?) {
        guard let stamp else { return bytes.append(0) }
        bytes.append(1)
        number(stamp.size)
        signed(stamp.modified)
        signed(stamp.changed)
        number(stamp.inode)
    }
}

/// Reads them.
struct ByteSource {
    let bytes: [UInt8]
    private var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    static var damaged: SandboxError {
        SandboxError(.internalError, "a record of a workspace is damaged", remedy: "was it written by a newer Sandlot?")
    }

    var isAtEnd: Bool { at == bytes.count }

    mutating func byte() throws -> UInt8 {
        guard at < bytes.count else { throw Self.damaged }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count >= 0, bytes.count - at >= count else { throw Self.damaged }
        defer { at += count }
        return bytes[at..<(at + count)]
    }

    mutating func number() throws -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while true {
            let next = try byte()
            guard shift < 64 else { throw Self.damaged }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    mutating func signed() throws -> Int64 {
        guard bytes.count - at >= 8 else { throw Self.damaged }
        defer { at += 8 }
        return Int64(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Int64.self) })
    }

    mutating func block() throws -> ArraySlice<UInt8> { try take(Int(clamping: try number())) }

    mutating func node() throws -> TreeNode? {
        switch try byte() {
        case 0: return nil
        case 1:
            let words = (
                UInt64(bitPattern: try signed()), UInt64(bitPattern: try signed()), UInt64(bitPattern: try signed()),
                UInt64(bitPattern: try signed())
            )
            return .file(digest: ContentDigest(words: words), size: try number(), mode: UInt16(clamping: try number()))
        case 2: return .directory(mode: UInt16(clamping: try number()))
        case 3: return .link(target: Array(try block()))
        default: throw Self.damaged
        }
    }

    mutating func stamp() throws -> FileStamp? {
        guard try byte() == 1 else { return nil }
        return FileStamp(size: try number(), modified: try signed(), changed: try signed(), inode: try number())
    }
}
