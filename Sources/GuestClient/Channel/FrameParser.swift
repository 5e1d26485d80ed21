import GuestProtocol
import NIOCore

/// Cuts what a guest sends into messages. Content is copied once, from the receive buffer into the array that the reader gets; of a frame that
/// is not complete yet nothing is held but what has come.
struct FrameParser {
    private enum Stage {
        case header
        /// Stream and offset of an output frame.
        case outputPrefix
        case payload
    }

    private static let output = GuestMessage.outputPrefix(stream: .standardOutput, offset: 0)

    private var stage = Stage.header
    private var head: [UInt8] = []
    private var kind: UInt8 = 0
    private var stream: UInt32 = 0
    private var payload: [UInt8] = []
    /// Of the payload, bytes that have not come.
    private var missing = 0

    init() { head.reserveCapacity(Frame.headerSize) }

    /// The next complete message, or nil when `bytes` is used up. Throws at the first byte that cannot be right.
    mutating func next(from bytes: inout ByteBuffer) throws(ProtocolViolation) -> (stream: UInt32, message: GuestMessage)? {
        if case .header = stage {
            guard fillHead(Frame.headerSize, from: &bytes) else { return nil }
            try readHeader()
        }
        if case .outputPrefix = stage {
            guard fillHead(Self.output.prefix.count, from: &bytes) else { return nil }
            stage = .payload
            payload.reserveCapacity(missing)
        }
        take(from: &bytes)
        guard missing == 0 else { return nil }
        defer {
            stage = .header
            head.removeAll(keepingCapacity: true)
            payload = []
        }
        return (stream, try message())
    }

    private mutating func readHeader() throws(ProtocolViolation) {
        var reader = ByteReader(head)
        let length = Int(try reader.read(UInt32.self))
        guard length <= Frame.maximumPayload else { throw .oversized(length) }
        kind = try reader.read()
        let reserved: (UInt8, UInt16) = (try reader.read(), try reader.read())
        guard reserved == (0, 0) else { throw .unknownValue(field: "frame.reserved", value: UInt64(reserved.0) | UInt64(reserved.1)) }
        stream = try reader.read()
        head.removeAll(keepingCapacity: true)
        missing = length
        if kind == Self.output.kind {
            guard length >= Self.output.prefix.count else { throw .truncated }
            missing -= Self.output.prefix.count
            stage = .outputPrefix
        } else {
            stage = .payload
            // Memory for what is announced comes with the bytes themselves when they are few.
            payload.reserveCapacity(missing)
        }
    }

    private func message() throws(ProtocolViolation) -> GuestMessage {
        guard kind == Self.output.kind else {
            return try GuestMessage.decode(Frame(kind: kind, stream: stream, payload: payload))
        }
        var reader = ByteReader(head)
        let raw: UInt8 = try reader.read()
        guard let output = OutputStream(rawValue: raw) else { throw .unknownValue(field: "output.stream", value: UInt64(raw)) }
        return .output(stream: output, offset: try reader.read(), bytes: payload)
    }

    private mutating func fillHead(_ count: Int, from bytes: inout ByteBuffer) -> Bool {
        let step = min(count - head.count, bytes.readableBytes)
        if step > 0 {
            bytes.readWithUnsafeReadableBytes { raw in
                head.append(contentsOf: raw.prefix(step))
                return step
            }
        }
        return head.count == count
    }

    private mutating func take(from bytes: inout ByteBuffer) {
        let step = min(missing, bytes.readableBytes)
        guard step > 0 else { return }
        bytes.readWithUnsafeReadableBytes { raw in
            payload.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw.prefix(step)))
            return step
        }
        missing -= step
    }
}
