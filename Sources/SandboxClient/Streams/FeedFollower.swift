import SandboxAPI
import SandboxCore
import SandboxHTTP

/// Follows the server's feed of events, and takes it up again behind the last one that came when the connection breaks.
actor FeedFollower {
    private let client: SandlotClient
    private let session: String?
    private let follows: Bool
    private var last: Int64
    private var lines: LineStream<FeedLine>?
    private var failures = 0

    init(_ client: SandlotClient, after sequence: Int64, session: String?, follows: Bool) {
        self.client = client
        last = sequence
        self.session = session
        self.follows = follows
    }

    /// The next event; nil at the end of what there is, where that is asked for.
    func next() async throws -> EventBody? {
        while true {
            do {
                guard let line = try await opened().next() else {
                    guard follows else { return nil }
                    throw SandboxError(.unavailable, "the server broke off its events", remedy: "ask for them again")
                }
                switch line {
                case .event(let event):
                    failures = 0
                    last = event.sequence
                    return event
                case .other(.notice(let notice)): throw SandboxError(.unavailable, notice.message, remedy: "ask for them again")
                case .other(.failure(let failure)): throw failure.asError
                case .other: continue
                }
            } catch let error as SandboxError where error.code == .unavailable || error.code == .timeout {
                lines = nil
                failures += 1
                guard failures < client.patience.attempts else { throw error }
                try await Task.sleep(for: client.patience.pause * (1 << min(failures - 1, 6)))
            }
        }
    }

    private func opened() async throws -> LineStream<FeedLine> {
        if let lines { return lines }
        var call = APICall(.events)
        call.add("after", last)
        call.add("session", session)
        if !follows { call.add("follow", false) }
        let fresh = LineStream<FeedLine>(try await client.open(call).body)
        lines = fresh
        return fresh
    }
}

/// A line of the feed: an event, or what every stream has.
enum FeedLine: Decodable, Sendable {
    case event(EventBody)
    case other(StreamEvent)

    private struct Word: Decodable { var type: String }

    init(from decoder: any Decoder) throws {
        // The words of events have a dot or are those of preparing; the streams' own are these.
        switch try Word(from: decoder).type {
        case "keepalive", "notice", "error": self = .other(try StreamEvent(from: decoder))
        default: self = .event(try EventBody(from: decoder))
        }
    }
}
