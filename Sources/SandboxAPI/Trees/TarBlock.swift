import SandboxCore

/// The fixed block before each node of a tar stream (POSIX ustar).
struct TarBlock {
    static let size = 512

    var name: [UInt8]
    var mode: UInt32
    var userID: UInt64
    var groupID: UInt64
    var size: UInt64
    /// Whole seconds since 1970, not before.
    var modified: UInt64
    var type: UInt8
    var linkName: [UInt8]

    func bytes() -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.size)
        func put(_ bytes: [UInt8], at position: Int, limit: Int) {
            for (index, byte) in bytes.prefix(limit).enumerated() { block[position + index] = byte }
        }
        func octal(_ value: UInt64, at position: Int, width: Int) {
            let digits = String(min(value, (1 << (3 * UInt64(width - 1))) - 1), radix: 8)
            put(
                Array(String(repeating: "0", count: max(0, width - 1 - digits.utf8.count)).utf8) + Array(digits.utf8), at: position,
                limit: width)
        }
        put(name, at: 0, limit: 100)
        octal(UInt64(mode & 0o7777), at: 100, width: 8)
        octal(userID, at: 108, width: 8)
        octal(groupID, at: 116, width: 8)
        octal(size, at: 124, width: 12)
        octal(modified, at: 136, width: 12)
        for index in 148..<156 { block[index] = 0x20 }
        block[156] = type
        put(linkName, at: 157, limit: 100)
        put(Array("ustar\u{0}00".utf8), at: 257, limit: 8)
        let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
        octal(sum, at: 148, width: 7)
        block[154] = 0
        block[155] = 0x20
        return block
    }

    init(name: [UInt8], mode: UInt32, userID: UInt64, groupID: UInt64, size: UInt64, modified: UInt64, type: UInt8, linkName: [UInt8]) {
        self.name = name
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.size = size
        self.modified = modified
        self.type = type
        self.linkName = linkName
    }

    /// Reads a block. Throws `invalidArgument` where it is none.
    init(parsing block: ArraySlice<UInt8>) throws {
        let base = block.startIndex
        func field(_ position: Int, _ length: Int) -> ArraySlice<UInt8> { block[(base + position)..<(base + position + length)] }
        func text(_ position: Int, _ length: Int) -> [UInt8] { Array(field(position, length).prefix { $0 != 0 }) }
        var sum: UInt64 = 0
        for (index, byte) in block.enumerated() { sum += (148..<156).contains(index) ? 0x20 : UInt64(byte) }
        guard try Self.number(field(148, 8)) == sum else {
            throw SandboxError(.invalidArgument, "the stream is not a tar archive, or it is damaged", remedy: "send an uncompressed tar")
        }
        let prefix = text(345, 155)
        let isPOSIX = Array(field(257, 6)) == Array("ustar\u{0}".utf8)
        name = (isPOSIX && !prefix.isEmpty ? prefix + [0x2F] : []) + text(0, 100)
        mode = UInt32(truncatingIfNeeded: try Self.number(field(100, 8))) & 0o7777
        userID = try Self.number(field(108, 8))
        groupID = try Self.number(field(116, 8))
        size = try Self.number(field(124, 12))
        modified = try Self.number(field(136, 12))
        type = block[base + 156]
        linkName = text(157, 100)
    }

    /// Octal digits, or base 256 where the first bit is set.
    private static func number(_ field: ArraySlice<UInt8>) throws -> UInt64 {
        let bad = SandboxError(.invalidArgument, "a number in the tar archive is not valid", remedy: "send a POSIX tar")
        guard let first = field.first else { throw bad }
        var value: UInt64 = 0
        if first & 0x80 != 0 {
            for (index, byte) in field.enumerated() {
                guard value >> 56 == 0 else { throw bad }
                value = value << 8 | UInt64(index == 0 ? byte & 0x7F : byte)
            }
            // No file is so large; sums with a size would not fit.
            guard value < 1 << 62 else { throw bad }
            return value
        }
        for byte in field where byte != 0x20 && byte != 0 {
            guard (0x30...0x37).contains(byte), value >> 61 == 0 else { throw bad }
            value = value << 3 | UInt64(byte - 0x30)
        }
        return value
    }
}
