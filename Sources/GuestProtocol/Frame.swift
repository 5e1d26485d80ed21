/// The unit on the wire: a 12-byte header (payload length u32, kind u8, three zero bytes, stream u32; little-endian) and a payload.
public struct Frame: Equatable, Sendable {
    /// Bytes of the header.
    public static let headerSize = 12
    /// The largest payload in bytes; a peer that announces more is cut off before any of it is stored.
    ///
    /// Larger than what a kernel takes as arguments and environment of one command (a quarter of a stack of 8 MiB).
    public static let maximumPayload = 4 << 20
    /// The largest piece of content (output, file data) that a well-behaved peer puts in one frame, in bytes.
    public static let maximumContent = 256 << 10

    /// Which message the payload holds.
    public var kind: UInt8
    /// The conversation that the frame belongs to; 0 is the channel itself.
    public var stream: UInt32
    /// The message's fields.
    public var payload: [UInt8]

    /// Creates a frame.
    public init(kind: UInt8, stream: UInt32, payload: [UInt8]) {
        self.kind = kind
        self.stream = stream
        self.payload = payload
    }

    /// The 12 bytes that go before a payload of `length` bytes.
    public static func header(kind: UInt8, stream: UInt32, length: Int) -> [UInt8] {
        var writer = ByteWriter(reserving: headerSize)
        writer.write(UInt32(truncatingIfNeeded: length))
        writer.write(kind)
        writer.write(rest: [0, 0, 0])
        writer.write(stream)
        return writer.bytes
    }

    /// Header and payload together.
    public var encoded: [UInt8] { Frame.header(kind: kind, stream: stream, length: payload.count) + payload }
}

/// Cuts a byte stream into frames. Holds at most one incomplete frame.
public struct FrameDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    /// Creates an empty decoder.
    public init() {}

    /// Bytes held of a frame that is not complete yet.
    public var pending: Int { buffer.count - start }

    /// Adds bytes as they came.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0 && start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 1 << 16 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next complete frame, or nil until more bytes come. Throws at the first header that cannot be right.
    public mutating func next() throws(ProtocolViolation) -> Frame? {
        guard pending >= Frame.headerSize else { return nil }
        let length = Int(integer(at: start))
        guard length <= Frame.maximumPayload else { throw .oversized(length) }
        let reserved = buffer[start + 5] | buffer[start + 6] | buffer[start + 7]
        guard reserved == 0 else { throw .unknownValue(field: "frame.reserved", value: UInt64(reserved)) }
        guard pending >= Frame.headerSize + length else { return nil }
        let body = start + Frame.headerSize
        let frame = Frame(
            kind: buffer[start + 4], stream: integer(at: start + 8), payload: Array(buffer[body..<(body + length)]))
        start = body + length
        return frame
    }

    private func integer(at index: Int) -> UInt32 {
        UInt32(buffer[index]) | UInt32(buffer[index + 1]) << 8 | UInt32(buffer[index + 2]) << 16 | UInt32(buffer[index + 3]) << 24
    }
}
