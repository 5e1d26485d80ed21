import Synchronization

/// The messages that belong to one request, its response last: kept until they are read, or for a reader that comes back.
///
/// Bounded: of notifications the newest are kept, the response always.
final class EventLog: Sendable {
    private static let limit = 128

    private struct Entry {
        var number: Int
        var bytes: [UInt8]
    }

    private struct State {
        var entries: [Entry] = []
        var count = 0
        var isFinished = false
        /// The reader that counts: an earlier one gets nothing more.
        var reader = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Adds a message; with `last` it is the response, and no other follows.
    func add(_ message: JSON, last: Bool = false) {
        let bytes = message.bytes
        wake { state in
            guard !state.isFinished else { return }
            state.count += 1
            state.entries.append(Entry(number: state.count, bytes: bytes))
            if state.entries.count > Self.limit { state.entries.removeFirst(state.entries.count - Self.limit) }
            state.isFinished = last
        }
    }

    /// Ends without a response.
    func finish() { wake { $0.isFinished = true } }

    var isFinished: Bool { state.withLock { $0.isFinished } }
    /// Bytes that are kept.
    var size: Int { state.withLock { $0.entries.reduce(0) { $0 + $1.bytes.count } } }

    /// A reader that takes the place of an earlier one.
    func attach() -> Int {
        var reader = 0
        wake { state in
            state.reader += 1
            reader = state.reader
        }
        return reader
    }

    /// The reader reads no more.
    func leave(_ reader: Int) { wake { if $0.reader == reader { $0.reader += 1 } } }

    /// The next message after `number`; nil when no other comes, or when the reader has been replaced.
    func next(after number: Int, reader: Int) async -> (number: Int, bytes: [UInt8])? {
        while true {
            let step: (found: Entry?, isOver: Bool) = state.withLock { state in
                guard state.reader == reader else { return (nil, true) }
                let entry = state.entries.first { $0.number > number }
                return (entry, entry == nil && state.isFinished)
            }
            if let entry = step.found { return (entry.number, entry.bytes) }
            if step.isOver || Task.isCancelled { return nil }
            await wait(after: number, reader)
        }
    }

    private func wait(after number: Int, _ reader: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard state.reader == reader, state.count <= number, !state.isFinished, !Task.isCancelled else { return false }
                    state.waiting = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            wake { _ in }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
