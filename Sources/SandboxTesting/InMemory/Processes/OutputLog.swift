import SandboxCore
import Synchronization

/// The output of one exec: a bounded buffer per stream from which bytes go when room is needed and a reader has had them.
final class OutputLog: Sendable {
    struct Buffer {
        var bytes: [UInt8] = []
        /// Offset of the first byte kept.
        var base: UInt64 = 0
        /// Below this a reader has asked for more.
        var acknowledged: UInt64 = 0
        /// Where the reader reads next.
        var next: UInt64 = 0
        var end: UInt64 { base + UInt64(bytes.count) }
    }

    private struct State {
        var buffers: [OutputChannel: Buffer] = [.standardOutput: Buffer(), .standardError: Buffer()]
        var reader = 0
        var ending: ExecEnding?
        var endTold = false
        var openSinks = 0
        var turn = OutputChannel.standardOutput
        var broken: SandboxError?
    }

    static let capacity = 1 << 20
    static let largestChunk = 64 << 10
    let bell = Bell()
    private let state = Mutex(State())

    var ending: ExecEnding? { state.withLock { $0.ending } }
    var openSinks: Int { state.withLock { $0.openSinks } }
    var ends: OutputOffsets {
        state.withLock { state in
            OutputOffsets(
                standardOutput: state.buffers[.standardOutput]?.end ?? 0, standardError: state.buffers[.standardError]?.end ?? 0)
        }
    }

    func kept(_ channel: OutputChannel) -> Range<UInt64> {
        state.withLock { state in
            guard let buffer = state.buffers[channel] else { return 0..<0 }
            return buffer.base..<buffer.end
        }
    }

    func append(_ bytes: [UInt8], to channel: OutputChannel) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let seen = bell.count
            let taken = state.withLock { state -> Int in
                guard var buffer = state.buffers[channel] else { return rest.count }
                state.buffers[channel] = nil
                let releasable = Int(buffer.acknowledged - buffer.base)
                if buffer.bytes.count + rest.count > OutputLog.capacity, releasable > 0 {
                    buffer.bytes.removeFirst(releasable)
                    buffer.base += UInt64(releasable)
                }
                let piece = rest.prefix(OutputLog.capacity - buffer.bytes.count)
                buffer.bytes.append(contentsOf: piece)
                state.buffers[channel] = buffer
                return piece.count
            }
            rest = rest.dropFirst(taken)
            if taken > 0 { bell.ring() } else { try await bell.wait(past: seen) }
        }
    }

    func finish(_ outcome: ExecOutcome, survivors: Int, duration: Duration) {
        state.withLock { state in
            guard state.ending == nil else { return }
            let offsets = OutputOffsets(
                standardOutput: state.buffers[.standardOutput]?.end ?? 0, standardError: state.buffers[.standardError]?.end ?? 0)
            state.ending = ExecEnding(outcome: outcome, offsets: offsets, survivors: survivors, duration: duration)
        }
        bell.ring()
    }

    func openSink() { state.withLock { $0.openSinks += 1 } }
    func closeSink() {
        state.withLock { $0.openSinks -= 1 }
        bell.ring()
    }

    /// Ends what a reader hears with this error, without touching the command.
    func breakChannel(_ error: SandboxError) {
        state.withLock { $0.broken = error }
        bell.ring()
    }

    /// Makes a new reader at these offsets; the earlier one is told that it was superseded.
    func newReader(from offsets: OutputOffsets) -> Int {
        let reader = state.withLock { state in
            state.reader += 1
            state.endTold = false
            state.broken = nil
            for channel in OutputChannel.allCases {
                guard var buffer = state.buffers[channel] else { continue }
                buffer.next = Swift.min(Swift.max(offsets[channel], buffer.base), buffer.end)
                buffer.acknowledged = Swift.max(buffer.acknowledged, buffer.next)
                state.buffers[channel] = buffer
            }
            return state.reader
        }
        bell.ring()
        return reader
    }

    func next(for reader: Int) async throws -> ExecEvent? {
        release()
        while true {
            let seen = bell.count
            if let answer = try state.withLock({ try Self.take(for: reader, from: &$0) }) { return answer.event }
            try await bell.wait(past: seen)
        }
    }

    private struct Answer { var event: ExecEvent? }

    private func release() {
        state.withLock { state in
            for channel in OutputChannel.allCases {
                guard let next = state.buffers[channel]?.next else { continue }
                state.buffers[channel]?.acknowledged = next
            }
        }
        bell.ring()
    }

    private static func take(for reader: Int, from state: inout State) throws -> Answer? {
        guard reader == state.reader else {
            throw SandboxError(.conflict, "another reader took over this exec's output", remedy: "attach again to take it back")
        }
        if let broken = state.broken { throw broken }
        let first = state.turn
        let second: OutputChannel = first == .standardOutput ? .standardError : .standardOutput
        for channel in [first, second] {
            guard let buffer = state.buffers[channel] else { continue }
            // What a child writes after the end has been told is there for whoever attaches again.
            let limit = state.ending.map { $0.offsets[channel] } ?? buffer.end
            let start = Swift.max(buffer.next, buffer.base)
            guard start < limit else { continue }
            let from = Int(start - buffer.base)
            let piece = Array(buffer.bytes[from..<Int(limit - buffer.base)].prefix(largestChunk))
            state.buffers[channel]?.next = start + UInt64(piece.count)
            state.turn = second
            return Answer(event: .output(OutputChunk(channel: channel, offset: start, bytes: piece)))
        }
        guard let ending = state.ending else { return nil }
        if state.endTold { return Answer(event: nil) }
        state.endTold = true
        return Answer(event: .ended(ending))
    }
}

/// A program's way to write to its exec; the count of those that are open says whether more output may come.
final class OutputSink: ByteSink {
    private let log: OutputLog
    private let channel: OutputChannel

    init(_ log: OutputLog, _ channel: OutputChannel) {
        self.log = log
        self.channel = channel
        log.openSink()
    }

    deinit { log.closeSink() }

    func write(_ bytes: [UInt8]) async throws { try await log.append(bytes, to: channel) }
}
