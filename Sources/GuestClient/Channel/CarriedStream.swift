import NIOCore
import NIOPosix
import Synchronization

/// A byte stream over a carrier: what was written meanwhile goes out as one piece, since a piece may cost a round trip.
final class CarriedStream: ByteStream {
    /// The largest piece that a carrier is given.
    private static let largestPiece = 256 << 10

    private struct State {
        var pending = ByteBuffer()
        /// Whom to tell when so many bytes have left, counted over the stream's life.
        var waiting: [(end: Int, written: @Sendable (Bool) -> Void)] = []
        var accepted = 0
        var wake: CheckedContinuation<Void, Never>?
        var isClosed = false
        var failure: (any Error)?
        var tasks: [Task<Void, Never>] = []
    }

    private let carrier: any GuestCarrier
    private let loop: any EventLoop
    private let state = Mutex(State())

    init(_ carrier: any GuestCarrier, options: GuestChannelOptions, receiver: any ByteReceiver) {
        self.carrier = carrier
        loop = (options.eventLoops ?? MultiThreadedEventLoopGroup.singleton).next()
        // Both end with `close`, which whoever owns the channel calls.
        let tasks = [Task { await self.sendAll() }, Task { await self.receiveAll(receiver) }]
        let isClosed = state.withLock { state in
            state.tasks = tasks
            return state.isClosed
        }
        if isClosed { for task in tasks { task.cancel() } }
    }

    func write(_ bytes: ByteBuffer, written: (@Sendable (Bool) -> Void)?) {
        let (isClosed, wake) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            if state.isClosed { return (true, nil) }
            state.pending.writeImmutableBuffer(bytes)
            state.accepted += bytes.readableBytes
            if let written { state.waiting.append((state.accepted, written)) }
            defer { state.wake = nil }
            return (false, state.wake)
        }
        if isClosed { written?(false) }
        wake?.resume()
    }

    func schedule(at time: NIODeadline, _ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let scheduled = loop.scheduleTask(deadline: time) { work() }
        return { scheduled.cancel() }
    }

    func close() { finish(nil) }

    private func sendAll() async {
        var sent = 0
        do {
            while let piece = await nextPiece() {
                try await carrier.send(piece)
                sent += piece.count
                let done = state.withLock { state in
                    let count = state.waiting.prefix { $0.end <= sent }.count
                    defer { state.waiting.removeFirst(count) }
                    return state.waiting.prefix(count).map(\.written)
                }
                for written in done { written(true) }
            }
        } catch {
            finish(error)
        }
    }

    /// Waits for something to send; nil when the stream is closed.
    private func nextPiece() async -> [UInt8]? {
        while true {
            let (piece, isClosed) = state.withLock { state -> ([UInt8]?, Bool) in
                if state.isClosed { return (nil, true) }
                let piece = state.pending.readBytes(length: min(state.pending.readableBytes, Self.largestPiece)) ?? []
                state.pending.discardReadBytes()
                return (piece.isEmpty ? nil : piece, false)
            }
            if isClosed || piece != nil { return piece }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isClosed || state.pending.readableBytes > 0 { return true }
                    state.wake = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private func receiveAll(_ receiver: any ByteReceiver) async {
        do {
            while let bytes = try await carrier.receive() {
                var buffer = ByteBuffer(bytes: bytes)
                receiver.received(&buffer)
            }
            finish(nil)
        } catch {
            finish(error)
        }
        receiver.ended(state.withLock { $0.failure })
    }

    private func finish(_ failure: (any Error)?) {
        let ending = state.withLock { state -> State? in
            guard !state.isClosed else { return nil }
            let before = state
            state.isClosed = true
            state.failure = failure
            state.waiting = []
            state.pending = ByteBuffer()
            state.wake = nil
            return before
        }
        guard let ending else { return }
        carrier.close()
        for task in ending.tasks { task.cancel() }
        ending.wake?.resume()
        for waiter in ending.waiting { waiter.written(false) }
    }
}
