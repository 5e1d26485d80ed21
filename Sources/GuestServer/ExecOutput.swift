internal import CSandlotSystem
internal import GuestProtocol

/// One output stream of a command: a descriptor that is read into a ring as long as the ring has room.
final class ExecOutput {
    let stream: OutputStream
    let ring: ByteRing
    private(set) var discards: Bool
    /// A terminal's newest output stays although it was read: whoever comes back to it wants to see where it stands. The ring bounds it.
    private let keepsNewest: Bool
    private var watch: EventLoop.Watch?
    private var moved: () -> Void = {}
    private var isStalled = false
    private var isMuffled = false
    private var hasLargePipe = false
    /// The offset that ends the wait for survivors' output.
    private var target: UInt64?

    /// At most this much per turn of the loop, so that one busy command does not starve others.
    private static let share = 1 << 20

    init(_ stream: OutputStream, limit: Int, overflow: OverflowPolicy) {
        self.stream = stream
        ring = ByteRing(limit: limit)
        discards = overflow == .discardOldest
        keepsNewest = stream == .terminal && overflow == .discardOldest
    }

    /// False at end of stream.
    var isOpen: Bool { watch != nil }

    var hasReachedTarget: Bool { target.map { ring.end >= $0 } ?? false }

    /// Reads `descriptor` from now on; `moved` is called when there is more, and at the end.
    func attach(to descriptor: Int32, loop: EventLoop, moved: @escaping () -> Void) {
        self.moved = moved
        let watch = loop.watch(descriptor) { [weak self] _ in self?.read() }
        self.watch = watch
        watch.want(SANDLOT_READABLE)
    }

    /// What is in the pipe now still belongs to the command; what survivors write later does not count.
    func markTarget() {
        guard let watch else { return }
        target = ring.end + UInt64(max(0, sandlot_readable_bytes(watch.descriptor)))
    }

    /// The reader has everything below `offset`.
    func acknowledge(_ offset: UInt64) {
        if !keepsNewest { ring.release(below: offset) }
        resume()
    }

    /// Reads on if the ring has room again.
    func resume() {
        guard isStalled, !ring.isFull, let watch else { return }
        isStalled = false
        watch.want(SANDLOT_READABLE)
    }

    /// Nobody will ever read this: survivors must not block on it, and it costs no memory.
    func muffle() {
        discards = true
        ring.clear()
        isMuffled = true
        resume()
    }

    func close() {
        watch?.close()
        watch = nil
    }

    private func read() {
        guard let watch else { return }
        switch ring.fill(from: watch.descriptor, atMost: ExecOutput.share, discarding: discards) {
        case .bytes(let count):
            if !hasLargePipe, count >= 32 << 10 {
                // Only a talkative command gets a large pipe: their sum is limited per user.
                hasLargePipe = true
                sandlot_set_pipe_size(watch.descriptor, 1 << 20)
            }
        case .nothingNow: return
        case .full:
            isStalled = true
            watch.want(0)
            return
        case .end: close()
        }
        if isMuffled { ring.release(below: ring.end) }
        moved()
    }
}
