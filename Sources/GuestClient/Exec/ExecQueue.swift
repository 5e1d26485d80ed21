import GuestProtocol
import SandboxCore

/// Output of one exec that came and was not read yet. It knows which offsets may come next and how much is at most under way.
struct ExecQueue: Sendable {
    /// Chunks below this are joined, so that a stream of single bytes costs no more memory than its bytes.
    private static let joined = 64 << 10
    /// With more pieces than this they are joined across the two streams: their order to one another is a courtesy, memory is not.
    private static let mostPieces = 1024

    /// One past the last byte that came.
    private(set) var received: OutputOffsets
    /// One past the last byte that the reader got.
    private(set) var delivered: OutputOffsets
    /// What the guest was told it may drop.
    private(set) var acknowledged: OutputOffsets
    /// Nil until it is known.
    private(set) var isTerminal: Bool?
    private let window: UInt64
    /// The guest may begin later than asked, once per stream, when it no longer keeps what was asked for.
    private var mayBeginLater: Set<OutputChannel>
    private var pieces: [OutputChunk] = []
    private var head = 0

    init(from offsets: OutputOffsets, isTerminal: Bool?, window: UInt32, mayBeginLater: Bool) {
        received = offsets
        delivered = offsets
        acknowledged = offsets
        self.isTerminal = isTerminal
        self.window = UInt64(window)
        self.mayBeginLater = mayBeginLater ? Set(OutputChannel.allCases) : []
    }

    /// Keeps what is known already.
    mutating func learn(isTerminal: Bool) { self.isTerminal = self.isTerminal ?? isTerminal }

    /// Takes what the guest sent.
    mutating func append(_ stream: OutputStream, offset: UInt64, bytes: [UInt8]) throws(ProtocolViolation) {
        guard !bytes.isEmpty else { throw .unexpected("empty output") }
        let terminal = stream == .terminal
        if let isTerminal, isTerminal != terminal { throw .unexpected("output of a stream that the exec does not have") }
        isTerminal = terminal
        let channel = stream.channel
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
        guard !overflow else { throw .unexpected("output beyond the largest offset") }
        let begins = mayBeginLater.remove(channel) != nil
        guard offset == received[channel] || (offset > received[channel] && (terminal || begins)) else {
            throw .unexpected("output at offset \(offset) instead of \(received[channel])")
        }
        if begins, offset > received[channel] { skip(channel, to: offset) }
        received[channel] = end
        if terminal {
            store(OutputChunk(channel: channel, offset: offset, bytes: bytes))
            dropOldest()
        } else {
            guard end - acknowledged[channel] <= window + UInt64(Frame.maximumContent) else {
                throw .unexpected("output beyond the window")
            }
            store(OutputChunk(channel: channel, offset: offset, bytes: bytes))
        }
    }

    /// Checks the offsets of the end.
    func checkEnd(_ offsets: OutputOffsets) throws(ProtocolViolation) {
        let isExact = isTerminal == false && mayBeginLater.isEmpty
        for channel in OutputChannel.allCases {
            let fits = isExact ? offsets[channel] == received[channel] : offsets[channel] >= received[channel]
            guard fits else { throw .unexpected("an end at offset \(offsets[channel]) after output up to \(received[channel])") }
        }
    }

    /// The next piece; asking for it releases the ones before.
    mutating func next() -> OutputChunk? {
        guard head < pieces.count else {
            pieces.removeAll(keepingCapacity: pieces.capacity <= 64)
            head = 0
            return nil
        }
        let piece = pieces[head]
        pieces[head].bytes = []
        head += 1
        if head == pieces.count {
            pieces.removeAll(keepingCapacity: pieces.capacity <= 64)
            head = 0
        }
        delivered[piece.channel] = piece.offset + UInt64(piece.bytes.count)
        return piece
    }

    /// What to acknowledge now, if it is enough to be worth a message.
    mutating func acknowledgement(released: OutputOffsets) -> OutputOffsets? {
        let due = OutputChannel.allCases.contains { channel in
            released[channel] > acknowledged[channel] && released[channel] - acknowledged[channel] >= max(1, window / 4)
        }
        guard due else { return nil }
        acknowledged = released
        return released
    }

    private mutating func skip(_ channel: OutputChannel, to offset: UInt64) {
        delivered[channel] = offset
        acknowledged[channel] = offset
    }

    private mutating func store(_ chunk: OutputChunk) {
        if let index = joinable(chunk), pieces[index].offset + UInt64(pieces[index].bytes.count) == chunk.offset {
            pieces[index].bytes.append(contentsOf: chunk.bytes)
        } else {
            pieces.append(chunk)
        }
    }

    private func joinable(_ chunk: OutputChunk) -> Int? {
        guard head < pieces.count else { return nil }
        let last = pieces.count - 1
        if pieces[last].channel == chunk.channel, pieces[last].bytes.count + chunk.bytes.count <= Self.joined { return last }
        guard pieces.count - head >= Self.mostPieces else { return nil }
        return (head..<pieces.count).last { pieces[$0].channel == chunk.channel }
    }

    /// A terminal's guest does not wait for its reader, so the oldest pieces go.
    private mutating func dropOldest() {
        while head < pieces.count - 1 {
            let held = received.standardOutput - pieces[head].offset
            guard held > window || pieces.count - head > Self.mostPieces else { break }
            pieces[head].bytes = []
            head += 1
        }
        if head > Self.mostPieces {
            pieces.removeFirst(head)
            head = 0
        }
    }
}
