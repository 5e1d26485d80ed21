import GuestProtocol

/// Streams that we stopped listening to while the guest may still be sending. What it sends is thrown away, up to a budget of bytes each.
struct AbandonedStreams: Sendable {
    private static let most = 4096

    private var budgets: [UInt32: Int] = [:]
    private var order: [UInt32] = []

    /// Remembers a stream; the oldest is forgotten when there are too many.
    mutating func insert(_ stream: UInt32, budget: Int) {
        budgets[stream] = budget
        order.append(stream)
        guard order.count > 2 * Self.most else { return }
        order.removeAll { budgets[$0] == nil }
        while order.count > Self.most { budgets[order.removeFirst()] = nil }
    }

    /// Counts a message on a stream that has no conversation. Throws when the guest has no business there any more.
    mutating func spend(_ message: GuestMessage, on stream: UInt32) throws(ProtocolViolation) {
        guard let budget = budgets[stream] else {
            // Credit crosses the end of a stream, and costs nothing.
            if case .credit = message { return }
            throw .unexpected("a message on stream \(stream), which had ended")
        }
        switch message {
        case .ended, .failure, .streamEnd: budgets[stream] = nil
        default:
            let rest = budget - message.weight
            guard rest >= 0 else { throw .unexpected("too much on stream \(stream), which was closed") }
            budgets[stream] = rest
        }
    }
}

extension GuestMessage {
    /// About how many bytes it carries; a tree entry's is what it costs in credit.
    var weight: Int {
        switch self {
        case .output(_, _, let bytes), .chunk(let bytes): bytes.count
        case .treeEntry(let entry): TreeCost.of(entry.path)
        case .watch(let event): TreeCost.of(event.path)
        case .refused(let path, let reason): path.count + reason.utf8.count + 256
        case .response(.data(let bytes, _)): bytes.count
        default: 64
        }
    }
}

/// What an entry costs in credit, in both directions.
enum TreeCost {
    static func of(_ path: [UInt8]) -> Int { 256 + path.count }
    static let copy = 256
}
