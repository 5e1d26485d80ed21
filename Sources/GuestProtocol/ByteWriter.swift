/// Appends fixed-size little-endian integers and length-prefixed byte strings to a buffer.
public struct ByteWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8]

    /// Creates a writer; `reserving` is a hint in bytes.
    public init(reserving: Int = 64) {
        bytes = []
        bytes.reserveCapacity(reserving)
    }

    /// Appends an integer, least significant byte first.
    public mutating func write<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends one byte, 0 or 1.
    public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Appends a 32-bit length and the bytes.
    public mutating func write(_ value: [UInt8]) {
        write(UInt32(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    /// Appends the UTF-8 of `value` as a byte string.
    public mutating func write(_ value: String) { write(Array(value.utf8)) }

    /// Appends a presence byte and, when there is one, the value.
    public mutating func write<T>(optional value: T?, _ body: (inout ByteWriter, T) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }

    /// Appends a 32-bit count and every element.
    public mutating func write<T>(list: [T], _ body: (inout ByteWriter, T) -> Void) {
        write(UInt32(truncatingIfNeeded: list.count))
        for element in list { body(&self, element) }
    }

    /// Appends bytes with no length before them; only for the last field of a payload.
    public mutating func write(rest: some Sequence<UInt8>) { bytes.append(contentsOf: rest) }
}
