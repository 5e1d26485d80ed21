internal import CSandlotSystem
internal import Glibc

/// A command's standard input. Holds what the command has not read yet; the host's credit bounds it.
final class ExecInput {
    /// Most bytes held; more than one credit only after hosts have taken over from each other.
    static let limit = 8 << 20

    private var watch: EventLoop.Watch?
    private let isTerminal: Bool
    /// Tells how many bytes need no more credit.
    private let consumed: (Int) -> Void
    private var chunks: [[UInt8]] = []
    /// Bytes of the first chunk that are written already.
    private var offset = 0
    private(set) var buffered = 0
    private var endsAfterBuffer = false

    init(_ descriptor: Int32, isTerminal: Bool, loop: EventLoop, consumed: @escaping (Int) -> Void) {
        self.isTerminal = isTerminal
        self.consumed = consumed
        watch = loop.watch(descriptor) { [weak self] _ in self?.flush() }
    }

    /// Takes bytes; without a reader they are dropped and count as consumed.
    func write(_ bytes: [UInt8]) {
        guard watch != nil, !endsAfterBuffer else { return consumed(bytes.count) }
        guard !bytes.isEmpty else { return }
        chunks.append(bytes)
        buffered += bytes.count
        if chunks.count == 1 { flush() }
    }

    /// Nothing follows. On a terminal that is the end-of-file character.
    func finish() {
        guard watch != nil, !endsAfterBuffer else { return }
        if isTerminal {
            // Ctrl-D ends the line's reader, not the terminal: input may go on. It is ours, so no credit comes back for it.
            chunks.append([4])
            buffered += 1
            consumed(-1)
            if chunks.count == 1 { flush() }
            return
        }
        endsAfterBuffer = true
        if chunks.isEmpty { close() }
    }

    func close() {
        watch?.close()
        watch = nil
        let dropped = buffered
        chunks = []
        buffered = 0
        offset = 0
        if dropped > 0 { consumed(dropped) }
    }

    private func flush() {
        guard let watch else { return }
        var total = 0
        var isBroken = false
        var head = 0
        while head < chunks.count, total < 1 << 20 {
            let chunk = chunks[head]
            let written = chunk.withUnsafeBytes { bytes in
                Glibc.write(watch.descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if written < 0 {
                if errno == EINTR { continue }
                isBroken = errno != EAGAIN
                break
            }
            total += written
            offset += written
            if offset == chunk.count {
                head += 1
                offset = 0
            }
        }
        chunks.removeFirst(head)
        buffered -= total
        if total > 0 { consumed(total) }
        if isBroken { return close() }
        if chunks.isEmpty, endsAfterBuffer { return close() }
        watch.want(chunks.isEmpty ? 0 : SANDLOT_WRITABLE)
    }
}
