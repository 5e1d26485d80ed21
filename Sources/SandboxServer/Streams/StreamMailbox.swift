package import SandboxAPI
import Synchronization

/// Between what a stream tells and the one task that writes it out: one element at a time, so that a slow reader holds the source back. One writer and one reader.
package final class StreamMailbox<Element: Sendable>: Sendable {
    package enum Item: Sendable {
        case element(Element)
        /// Nothing came for a while.
        case silence
        case notice(StreamEvent.Notice)
        case end
        case failure(any Error)
        /// Nobody reads any more.
        case gone
    }

    private struct State {
        var element: Element?
        var result: (any Error)??
        var silence = false
        var notice: StreamEvent.Notice?
        var isGone = false
        var reader: CheckedContinuation<Item, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Hands an element over; waits until the one before it was taken. False when nobody will take it.
    func send(_ element: Element) async -> Bool {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isFree = state.withLock { state in
                if state.element == nil || state.isGone { return true }
                state.writer = continuation
                return false
            }
            if isFree { continuation.resume() }
        }
        return put { state in
            guard !state.isGone else { return false }
            state.element = element
            return true
        }
    }

    /// Nothing more comes.
    func finish(_ error: (any Error)?) {
        _ = put {
            $0.result = .some(error); return true
        }
    }
    func silence() {
        _ = put {
            $0.silence = true; return true
        }
    }
    func notice(_ notice: StreamEvent.Notice) {
        _ = put {
            $0.notice = notice; return true
        }
    }

    /// The reader has gone.
    func leave() {
        _ = put {
            $0.isGone = true; return true
        }
        let writer = state.withLock { state in
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }

    /// The next item, for one reader.
    func next() async -> Item {
        await withCheckedContinuation { continuation in
            let (item, writer) = state.withLock { state -> (Item?, CheckedContinuation<Void, Never>?) in
                guard let item = Self.take(&state) else {
                    state.reader = continuation
                    return (nil, nil)
                }
                guard state.element == nil else { return (item, nil) }
                defer { state.writer = nil }
                return (item, state.writer)
            }
            writer?.resume()
            if let item { continuation.resume(returning: item) }
        }
    }

    private func put(_ change: (inout State) -> Bool) -> Bool {
        let (isDone, reader, item, writer) = state.withLock { state in
            let isDone = change(&state)
            guard let reader = state.reader, let item = Self.take(&state) else {
                return (isDone, nil as CheckedContinuation<Item, Never>?, nil as Item?, nil as CheckedContinuation<Void, Never>?)
            }
            state.reader = nil
            guard state.element == nil else { return (isDone, reader, item, nil) }
            defer { state.writer = nil }
            return (isDone, reader, item, state.writer)
        }
        writer?.resume()
        if let reader, let item { reader.resume(returning: item) }
        return isDone
    }

    private static func take(_ state: inout State) -> Item? {
        if state.isGone { return .gone }
        if let notice = state.notice {
            state.notice = nil
            return .notice(notice)
        }
        if let element = state.element {
            state.element = nil
            state.silence = false
            return .element(element)
        }
        if case .some(let error) = state.result { return error.map { .failure($0) } ?? .end }
        guard state.silence else { return nil }
        state.silence = false
        return .silence
    }
}
