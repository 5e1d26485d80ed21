@testable import GuestClient
import GuestProtocol
import NIOCore

/// A message is written as it was read, however the stream was cut, and the host's parser reads what the codec reads.
func fuzzFrames(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    let whole = frames(stream, cut: stream.count)
    hold(whole == frames(stream, cut: Int(first) % 17 + 1), "the frames depend on where the stream is cut")
    for frame in whole {
        if let message = try? HostMessage.decode(frame) {
            let again = message.encode(stream: frame.stream)
            hold((try? HostMessage.decode(again)) == message, "a host's message is not read as it was written: \(message)")
        }
        if let message = try? GuestMessage.decode(frame) {
            let again = message.encode(stream: frame.stream)
            hold((try? GuestMessage.decode(again)) == message, "a guest's message is not read as it was written: \(message)")
        }
    }
    compareParsers(stream, whole, cut: Int(first) % 29 + 1)
}

private func frames(_ stream: [UInt8], cut: Int) -> [Frame] {
    var decoder = FrameDecoder()
    var frames: [Frame] = []
    var position = 0
    while position < stream.count {
        let end = min(stream.count, position + max(1, cut))
        decoder.append(stream[position..<end])
        position = end
        do {
            while let frame = try decoder.next() { frames.append(frame) }
        } catch { return frames }
    }
    return frames
}

private func compareParsers(_ stream: [UInt8], _ frames: [Frame], cut: Int) {
    var parser = FrameParser()
    var expected = frames[...]
    var position = 0
    while position < stream.count {
        let end = min(stream.count, position + cut)
        var bytes = ByteBuffer(bytes: stream[position..<end])
        position = end
        do {
            while let (number, message) = try parser.next(from: &bytes) {
                guard let frame = expected.popFirst() else { fatalError("the host's parser reads a frame more") }
                hold(frame.stream == number && (try? GuestMessage.decode(frame)) == message, "the two parsers read another message")
            }
        } catch { return }
    }
    hold(expected.allSatisfy { (try? GuestMessage.decode($0)) == nil }, "the host's parser leaves a frame out")
}
