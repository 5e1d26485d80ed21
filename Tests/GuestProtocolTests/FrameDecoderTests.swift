import GuestProtocol
import Testing

@Suite("The frame decoder")
struct FrameDecoderTests {
    @Test(arguments: 0..<50)
    func `frames come out whole and in order however the bytes are cut`(seed: UInt64) throws {
        var random = RandomMessages(seed: seed)
        let frames = random.guestMessages().map { $0.encode(stream: 7) }
        let bytes = frames.flatMap(\.encoded)
        var decoder = FrameDecoder()
        var seen: [Frame] = []
        var position = 0
        while position < bytes.count {
            let step = min(Int.random(in: 1...50, using: &random.generator), bytes.count - position)
            decoder.append(bytes[position..<(position + step)])
            position += step
            while let frame = try decoder.next() { seen.append(frame) }
        }
        #expect(seen == frames)
        #expect(decoder.pending == 0)
    }

    @Test
    func `an oversized frame is refused at its header`() {
        var decoder = FrameDecoder()
        decoder.append(Frame.header(kind: 131, stream: 1, length: Frame.maximumPayload + 1))
        #expect(throws: ProtocolViolation.oversized(Frame.maximumPayload + 1)) { try decoder.next() }
    }

    @Test
    func `reserved bytes must be zero`() {
        for index in 5...7 {
            var bytes = Frame(kind: 131, stream: 1, payload: []).encoded
            bytes[index] = 1
            var decoder = FrameDecoder()
            decoder.append(bytes)
            #expect(throws: ProtocolViolation.self) { try decoder.next() }
        }
    }

    @Test(arguments: 0..<200)
    func `random bytes give frames, a violation or a wait for more, and hold no more than came`(seed: UInt64) {
        var random = RandomMessages(seed: seed)
        var decoder = FrameDecoder()
        var fed = 0
        for _ in 0..<20 {
            let bytes = random.bytes(200)
            fed += bytes.count
            decoder.append(bytes)
            do {
                while try decoder.next() != nil {}
            } catch {
                return
            }
            #expect(decoder.pending <= fed)
        }
    }
}
