import GuestProtocol
import Testing

@Suite("The guest protocol's codec")
struct CodecTests {
    @Test(arguments: 0..<200)
    func `every host message comes back as it was sent`(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        for message in random.hostMessages() {
            let stream: UInt32 = random.number()
            let frame = message.encode(stream: stream)
            #expect(frame.stream == stream)
            #expect(try HostMessage.decode(frame) == message)
        }
    }

    @Test(arguments: 0..<200)
    func `every guest message comes back as it was sent`(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        for message in random.guestMessages() {
            let frame = message.encode(stream: random.number())
            #expect(try GuestMessage.decode(frame) == message)
        }
    }

    @Test(arguments: 0..<20)
    func `no truncated message is understood as the whole one`(seed: UInt64) {
        var random = RandomMessages(seed: seed)
        for message in random.guestMessages() { expectNoTruncation(message) }
        for message in random.hostMessages() { expectNoTruncation(message) }
    }

    private func expectNoTruncation(_ message: GuestMessage) {
        var frame = message.encode(stream: 1)
        if case .chunk = message { return }
        // Of output only the prefix has a fixed length; the rest is the content.
        var shortest = 0
        if case .output = message { shortest = 9 }
        let whole = frame.payload
        for count in 0..<(shortest == 0 ? whole.count : min(shortest, whole.count)) {
            frame.payload = Array(whole.prefix(count))
            #expect(throws: ProtocolViolation.self) { try GuestMessage.decode(frame) }
        }
    }

    private func expectNoTruncation(_ message: HostMessage) {
        var frame = message.encode(stream: 1)
        switch message {
        case .input, .chunk: return
        default: break
        }
        let whole = frame.payload
        for count in 0..<whole.count {
            frame.payload = Array(whole.prefix(count))
            #expect(throws: ProtocolViolation.self) { try HostMessage.decode(frame) }
        }
    }

    @Test(arguments: 0..<20)
    func `no message is understood with bytes after its end`(seed: UInt64) {
        var random = RandomMessages(seed: seed)
        for message in random.guestMessages() {
            switch message {
            case .output, .chunk: continue
            default: break
            }
            var frame = message.encode(stream: 1)
            frame.payload.append(0)
            #expect(throws: ProtocolViolation.self) { try GuestMessage.decode(frame) }
        }
    }

    @Test(arguments: 0..<50)
    func `random payloads of every kind give a message or a violation`(seed: UInt64) {
        var random = RandomMessages(seed: seed)
        for kind in UInt8.min...UInt8.max {
            let frame = Frame(kind: kind, stream: 1, payload: random.bytes(120))
            // What is understood must be what is encoded again, or two readings of the same bytes are possible.
            if let message = try? GuestMessage.decode(frame) { #expect(message.encode(stream: 1) == frame) }
            if let message = try? HostMessage.decode(frame) { #expect(message.encode(stream: 1) == frame) }
        }
    }

    @Test(arguments: 0..<20)
    func `a message with a flipped bit gives a message or a violation`(seed: UInt64) {
        var random = RandomMessages(seed: seed)
        for message in random.guestMessages() {
            var frame = message.encode(stream: 1)
            guard !frame.payload.isEmpty else { continue }
            let index = Int.random(in: 0..<frame.payload.count, using: &random.generator)
            frame.payload[index] ^= 1 << UInt8.random(in: 0..<8, using: &random.generator)
            if let other = try? GuestMessage.decode(frame) { #expect(other.encode(stream: 1) == frame) }
        }
    }

    @Test
    func `a list that announces more than its bytes could hold costs no memory`() {
        var writer = ByteWriter()
        writer.write(UInt8(3))
        writer.write(UInt32.max)
        let frame = Frame(kind: GuestMessage.response(.execs([])).encode(stream: 1).kind, stream: 1, payload: writer.bytes)
        #expect(throws: ProtocolViolation.impossibleCount(Int(UInt32.max))) { try GuestMessage.decode(frame) }
    }
}
