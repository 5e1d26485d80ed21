import Synchronization

/// Hands values from several writers to one reader, one at a time: a writer waits until its value is taken, so nothing piles up.
final class FrameChannel<Element: Sendable>: Sendable {
    private struct Writer {
        var id: UInt64
        var element: Element
        var continuation: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var writers: [Writer] = []
        var reader: CheckedContinuation<Element?, Never>?
        var isClosed = false
        var next: UInt64 = 0
        var dropped: Set<UInt64> = []
    }
    private enum Step {
        case answer(Bool)
        case hand(CheckedContinuation<Element?, Never>)
        case wait
    }
    private let state = Mutex(State())

    /// False when the reader is gone or the writer was cancelled.
    func send(_ element: Element) async -> Bool {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let step: Step = state.withLock { state in
                    if state.isClosed || state.dropped.remove(id) != nil { return .answer(false) }
                    if let reader = state.reader {
                        state.reader = nil
                        return .hand(reader)
                    }
                    state.writers.append(Writer(id: id, element: element, continuation: continuation))
                    return .wait
                }
                switch step {
                case .answer(let taken): continuation.resume(returning: taken)
                case .hand(let reader):
                    reader.resume(returning: element)
                    continuation.resume(returning: true)
                case .wait: break
                }
            }
        } onCancel: {
            let writer: Writer? = state.withLock { state in
                guard let index = state.writers.firstIndex(where: { $0.id == id }) else {
                    state.dropped.insert(id)
                    return nil
                }
                return state.writers.remove(at: index)
            }
            writer?.continuation.resume(returning: false)
        }
    }

    /// The next value; nil when the channel was closed or the reader cancelled. One caller at a time.
    func receive() async -> Element? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let found: (writer: Writer?, isClosed: Bool) = state.withLock { state in
                    if !state.writers.isEmpty { return (state.writers.removeFirst(), false) }
                    if state.isClosed { return (nil, true) }
                    state.reader = continuation
                    return (nil, false)
                }
                if let writer = found.writer {
                    writer.continuation.resume(returning: true)
                    continuation.resume(returning: writer.element)
                } else if found.isClosed {
                    continuation.resume(returning: nil)
                }
            }
        } onCancel: {
            close()
        }
    }

    /// Ends the channel: waiting writers get false, the reader nil.
    func close() {
        let (writers, reader) = state.withLock { state in
            state.isClosed = true
            defer {
                state.writers = []
                state.reader = nil
            }
            return (state.writers, state.reader)
        }
        for writer in writers { writer.continuation.resume(returning: false) }
        reader?.resume(returning: nil)
    }
}
