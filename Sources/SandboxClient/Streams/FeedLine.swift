import SandboxAPI

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
