import Synchronization

/// What the earlier revisions keep between requests: the revision, the requests in flight, and their streams, which a client takes up again
/// after its connection broke.
final class HandshakeSession: Sendable {
    private static let requestLimit = 32
    /// Streams that are over are kept for a client that lost the end.
    private static let streamLimit = 64
    private static let sizeLimit = 4 << 20

    private struct State {
        var streams: [(number: Int, log: EventLog)] = []
        var count = 0
        var lastUse = ContinuousClock.now
    }

    let id: String
    let revision: ProtocolRevision
    let holder: String
    let requests = RequestsInFlight(limit: requestLimit)
    private let state = Mutex(State())

    init(revision: ProtocolRevision, holder: String) {
        id = (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
        self.revision = revision
        self.holder = holder
    }

    /// Idle since then; nil while something runs.
    var idleSince: ContinuousClock.Instant? { requests.count > 0 ? nil : state.withLock { $0.lastUse } }

    func touch() { state.withLock { $0.lastUse = .now } }

    /// A stream for one request.
    func open() -> (number: Int, log: EventLog) {
        let log = EventLog()
        return state.withLock { state in
            state.count += 1
            state.streams.append((state.count, log))
            Self.forget(&state)
            return (state.count, log)
        }
    }

    /// A stream's events after the one that a client saw last, as `Last-Event-ID` names it. Nil for one that is not known.
    func events(after lastEvent: String) -> MCPEvents? {
        let parts = lastEvent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let last = Int(parts[1]),
            let stream = state.withLock({ $0.streams.first { $0.number == number } })
        else { return nil }
        return events(of: stream.log, number, after: last)
    }

    /// A disconnect is no cancellation here: the request goes on, and its stream can be taken up again.
    func events(of log: EventLog, _ number: Int, after last: Int = 0) -> MCPEvents {
        let reader = log.attach()
        let position = Mutex(last)
        return MCPEvents(
            next: {
                guard let event = await log.next(after: position.withLock { $0 }, reader: reader) else { return nil }
                position.withLock { $0 = event.number }
                return EventFrame.bytes(event.bytes, id: "\(number)-\(event.number)")
            }, leave: { log.leave(reader) })
    }

    func end() async {
        await requests.end(grace: .zero)
        for stream in state.withLock({ $0.streams }) { stream.log.finish() }
    }

    private static func forget(_ state: inout State) {
        var size = state.streams.reduce(0) { $0 + $1.log.size }
        while state.streams.count > streamLimit || size > sizeLimit {
            guard let index = state.streams.firstIndex(where: { $0.log.isFinished }) else { return }
            size -= state.streams[index].log.size
            state.streams.remove(at: index)
        }
    }
}

/// A server-sent event.
enum EventFrame {
    static func bytes(_ data: [UInt8], id: String? = nil) -> [UInt8] {
        var frame = Array("event: message\n".utf8)
        if let id { frame += "id: \(id)\n".utf8 }
        frame += "data: ".utf8
        return frame + data + Array("\n\n".utf8)
    }
}
