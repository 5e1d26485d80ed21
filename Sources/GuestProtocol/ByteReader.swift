/// Why bytes could not be understood as a frame or a message. The peer that sent them is not trusted with another try: close the channel.
public enum ProtocolViolation: Error, Equatable, Sendable {
    /// The payload ended before its last field.
    case truncated
    /// A payload has bytes after its last field.
    case trailingBytes(Int)
    /// A frame announces a payload larger than `Frame.maximumPayload`.
    case oversized(Int)
    /// An unknown frame kind, request kind or enumeration value.
    case unknownValue(field: String, value: UInt64)
    /// A text field is not UTF-8.
    case invalidText(field: String)
    /// A list announces more elements than its bytes could hold.
    case impossibleCount(Int)
    /// A message arrived where the conversation does not allow it.
    case unexpected(String)
    /// The peer speaks no version that we speak.
    case versionMismatch(ours: UInt16, theirs: UInt16)
}

/// Reads what `ByteWriter` writes. Every length is checked against what is left, so hostile input costs no memory.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    private var position: Int

    /// Reads `bytes` from the start.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
    }

    /// How many bytes have not been read.
    public var remaining: Int { bytes.count - position }

    /// Reads a little-endian integer.
    public mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(ProtocolViolation) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw .truncated }
        var value: T = 0
        withUnsafeMutableBytes(of: &value) { target in
            for index in 0..<size { target[index] = bytes[position + index] }
        }
        position += size
        return T(littleEndian: value)
    }

    /// Reads a byte that must be 0 or 1.
    public mutating func readBool() throws(ProtocolViolation) -> Bool {
        let value = try read(UInt8.self)
        guard value <= 1 else { throw .unknownValue(field: "bool", value: UInt64(value)) }
        return value == 1
    }

    /// Reads a length-prefixed byte string.
    public mutating func readBytes() throws(ProtocolViolation) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        guard remaining >= count else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }

    /// Reads a length-prefixed UTF-8 string; `field` names it in the error.
    public mutating func readString(_ field: String) throws(ProtocolViolation) -> String {
        let raw = try readBytes()
        guard let text = String(validating: raw, as: UTF8.self) else { throw .invalidText(field: field) }
        return text
    }

    /// Reads a presence byte and, when it is 1, the value.
    public mutating func readOptional<T>(
        _ body: (inout ByteReader) throws(ProtocolViolation) -> T
    ) throws(ProtocolViolation) -> T? {
        try readBool() ? try body(&self) : nil
    }

    /// Reads a counted list. An element takes at least one byte, so a count beyond the remaining bytes is a lie.
    public mutating func readList<T>(
        _ body: (inout ByteReader) throws(ProtocolViolation) -> T
    ) throws(ProtocolViolation) -> [T] {
        let count = Int(try read(UInt32.self))
        guard count <= remaining else { throw .impossibleCount(count) }
        var list: [T] = []
        list.reserveCapacity(Swift.min(count, 1024))
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    /// Takes everything that is left.
    public mutating func readRest() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }

    /// Succeeds only when nothing is left.
    public func finish() throws(ProtocolViolation) {
        guard remaining == 0 else { throw .trailingBytes(remaining) }
    }
}
