public import SandboxCore
import SandboxStore
import Synchronization

extension Engine {
    /// Events in order of their sequence, from the one after `sequence`; with `follow` it goes on with those to come, of any engine on the data
    /// directory, until the reading task is cancelled.
    public func events(after sequence: Int64 = 0, session: SessionID? = nil, follow: Bool = false) -> SandboxStream<EngineEvent> {
        let cursor = EventCursor(self, after: sequence, session: session)
        return SandboxStream { try await cursor.next(follow: follow) }
    }

    /// The sequence that the last `count` events follow, for a reader who needs no more of the past.
    public func eventSequence(beforeLast count: Int, session: SessionID? = nil) async throws -> Int64 {
        try await store.read { try $0.eventSequence(beforeLast: count, session: session) }
    }
}

/// A reader's place among the events.
private final class EventCursor: Sendable {
    private struct State {
        var last: Int64
        var page: [EventRow] = []
    }

    private static let pageSize = 256

    private let engine: Engine
    private let session: SessionID?
    private let state: Mutex<State>

    init(_ engine: Engine, after sequence: Int64, session: SessionID?) {
        self.engine = engine
        self.session = session
        state = Mutex(State(last: sequence))
    }

    func next(follow: Bool) async throws -> EngineEvent? {
        while true {
            if let row = take() { return try EngineEvent(row) }
            let generation = engine.store.commits.generation
            if follow { engine.watch.watch(engine.walPath) }
            let last = state.withLock { $0.last }
            let session = session
            let page = try await engine.store.read { try $0.events(after: last, session: session, limit: Self.pageSize) }
            state.withLock { $0.page = page.reversed() }
            guard page.isEmpty else { continue }
            guard follow else { return nil }
            try await engine.foreignChange(past: generation)
        }
    }

    private func take() -> EventRow? {
        state.withLock { state in
            guard let row = state.page.popLast() else { return nil }
            state.last = row.sequence
            return row
        }
    }
}
