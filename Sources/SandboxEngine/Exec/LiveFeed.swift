import SandboxCore
import Synchronization

/// Hands an exec's events from its pump to one live reader.
///
/// A reader that has begun to ask holds the pump back once 256 KiB wait for it. Before that nothing is held back: what does not fit is left to
/// the spool, and `next` says which part that was.
final class LiveFeed: Sendable {
    /// What a reader gets.
    enum Item: Sendable {
        case event(ExecEvent)
        /// Read this much from the spool first.
        case spooled(until: OutputOffsets)
        case end
    }

    private struct State {
        var waiting: [ExecEvent] = []
        var head = 0
        var bytes = 0
        var isAsked = false
        var holdsNobody = false
        var isClosed = false
        var isOver = false
        var failure: (any Error)?
        var leftToSpool: OutputOffsets?
        var reader: CheckedContinuation<Item, any Error>?
        var writer: CheckedContinuation<Void, Never>?

        var isEmpty: Bool { head == waiting.count }

        mutating func removeFirst() -> ExecEvent {
            let event = waiting[head]
            head += 1
            if case .output(let chunk) = event { bytes -= chunk.bytes.count }
            if head == waiting.count || head > 64 {
                waiting.removeFirst(head)
                head = 0
            }
            return event
        }
    }

    private static let limit = 256 << 10

    private let state = Mutex(State())

    /// Hands over a chunk; waits while a reader that has begun is behind.
    func push(_ chunk: OutputChunk) async {
        let (reader, mustWait) = state.withLock { state -> (CheckedContinuation<Item, any Error>?, Bool) in
            if state.isClosed || state.failure != nil { return (nil, false) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, false)
            }
            state.waiting.append(.output(chunk))
            state.bytes += chunk.bytes.count
            if !state.isAsked || state.holdsNobody { Self.leaveToSpool(&state) }
            return (nil, state.isAsked && state.bytes > Self.limit)
        }
        reader?.resume(returning: .event(.output(chunk)))
        guard mustWait else { return }
        await withCheckedContinuation { continuation in
            let passed = state.withLock { state in
                if state.bytes <= Self.limit || state.isClosed || state.holdsNobody || state.failure != nil { return true }
                state.writer = continuation
                return false
            }
            if passed { continuation.resume() }
        }
    }

    /// From now on a reader that is behind holds nothing back: what it did not take is left to the spool.
    func holdNobody() {
        let writer = state.withLock { state in
            state.holdsNobody = true
            Self.leaveToSpool(&state)
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }

    /// Hands over the end.
    func finish(_ ending: ExecEnding) {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            guard !state.isOver else { return state.reader }
            state.isOver = true
            if state.reader == nil { state.waiting.append(.ended(ending)) }
            return state.reader
        }
        reader?.resume(returning: .event(.ended(ending)))
    }

    /// Nothing more can be told: what waits is still handed over, then the reader gets the error.
    func fail(_ error: any Error) {
        let (reader, writer) = state.withLock { state in
            if state.failure == nil { state.failure = error }
            defer { (state.reader, state.writer) = (nil, nil) }
            return (state.reader, state.writer)
        }
        reader?.resume(throwing: error)
        writer?.resume()
    }

    /// The reader let go.
    func close() {
        let (reader, writer) = state.withLock { state in
            state.isClosed = true
            (state.waiting, state.head, state.bytes) = ([], 0, 0)
            defer { (state.reader, state.writer) = (nil, nil) }
            return (state.reader, state.writer)
        }
        reader?.resume(returning: .end)
        writer?.resume()
    }

    /// The next item, for one reader at a time.
    func next() async throws -> Item {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, writer) = state.withLock { take(for: continuation, from: &$0) }
                writer?.resume()
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(throwing: CancellationError())
        }
    }

    private func take(
        for continuation: CheckedContinuation<Item, any Error>, from state: inout State
    ) -> (Result<Item, any Error>?, CheckedContinuation<Void, Never>?) {
        state.isAsked = true
        if Task.isCancelled { return (.failure(CancellationError()), nil) }
        if let part = state.leftToSpool {
            state.leftToSpool = nil
            return (.success(.spooled(until: part)), nil)
        }
        if !state.isEmpty {
            let event = state.removeFirst()
            guard state.bytes <= Self.limit, let writer = state.writer else { return (.success(.event(event)), nil) }
            state.writer = nil
            return (.success(.event(event)), writer)
        }
        if state.isOver || state.isClosed { return (.success(.end), nil) }
        if let failure = state.failure { return (.failure(failure), nil) }
        guard state.reader == nil else {
            return (
                .failure(SandboxError(.conflict, "the events of an exec are read by two tasks at once", remedy: "read them in one")), nil
            )
        }
        state.reader = continuation
        return (nil, nil)
    }

    /// Drops the oldest chunks until the rest fits; they are on disk.
    private static func leaveToSpool(_ state: inout State) {
        while state.bytes > limit, !state.isEmpty, case .output(let chunk) = state.removeFirst() {
            var part = state.leftToSpool ?? .zero
            part[chunk.channel] = chunk.offset + UInt64(chunk.bytes.count)
            state.leftToSpool = part
        }
    }
}
