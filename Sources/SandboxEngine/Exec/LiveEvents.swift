import SandboxCore
import Synchronization

/// The events of one live reader: first what was left to the spool, then what the pump hands over. When the last reference goes, the pump
/// goes on alone.
final class LiveEvents: Sendable {
    private struct Replay {
        var position: OutputOffsets
        var until: OutputOffsets
    }

    private let feed: LiveFeed
    private let exec: ExecID
    private let spool: SpoolReader
    private struct Place {
        /// Behind what was handed on.
        var told = OutputOffsets.zero
        var replay: Replay?
    }
    private let place = Mutex(Place())

    init(_ feed: LiveFeed, exec: ExecID, spool: SpoolReader) {
        self.feed = feed
        self.exec = exec
        self.spool = spool
    }

    deinit { feed.close() }

    var events: ExecEvents { ExecEvents { try await self.next() } }

    func close() { feed.close() }

    private func next() async throws -> ExecEvent? {
        while true {
            if let chunk = try replayed() { return .output(chunk) }
            switch try await feed.next() {
            case .event(let event):
                if case .output(let chunk) = event {
                    place.withLock { $0.told[chunk.channel] = chunk.offset + UInt64(chunk.bytes.count) }
                }
                return event
            case .end: return nil
            case .spooled(let until): place.withLock { $0.replay = Replay(position: $0.told, until: until) }
            }
        }
    }

    private func replayed() throws -> OutputChunk? {
        try place.withLock { place in
            guard var current = place.replay else { return nil }
            for channel in OutputChannel.allCases where current.position[channel] < current.until[channel] {
                guard var chunk = try spool.read(exec, channel, from: current.position[channel]), chunk.offset < current.until[channel]
                else {
                    current.position[channel] = current.until[channel]
                    place.told[channel] = current.until[channel]
                    continue
                }
                let room = current.until[channel] - chunk.offset
                if UInt64(chunk.bytes.count) > room { chunk.bytes.removeLast(chunk.bytes.count - Int(room)) }
                current.position[channel] = chunk.offset + UInt64(chunk.bytes.count)
                place.replay = current
                place.told[channel] = current.position[channel]
                return chunk
            }
            place.replay = nil
            return nil
        }
    }
}
