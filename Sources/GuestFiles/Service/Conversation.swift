internal import CSandlotSystem
internal import GuestProtocol

/// What the host sends after its request.
enum Incoming {
    case entry(TreeEntry)
    case chunk([UInt8])
    case copy(offset: UInt64, length: UInt64)
    case end
}

/// What a message costs in credit. A chunk costs its bytes, a copy 256; a tree entry costs 256 and the length of its path, in both directions (import,
/// export and manifest), because an entry without content takes memory too. Everything else is free.
enum Cost {
    static func of(_ entry: TreeEntry) -> Int { 256 + entry.path.count }
    static let copy = 256
}

/// One request's stream: its mailbox, its credit in both directions, and whether it should stop.
///
/// Unchecked: everything mutable is used only inside the outbox's monitor; `changed` is signalled whenever some of it changes.
final class Conversation: @unchecked Sendable {
    /// Why the work must end.
    enum Stop {
        case cancelled
        case closed
        case abandoned
        case violated(GuestFailure)
    }

    let stream: UInt64
    let changed = Condition()
    /// Messages in the outbox; kept by the outbox.
    var waiting = 0
    private let outbox: Outbox
    private let receivesContent: Bool
    private var stop: Stop?
    private var ended = false

    private var inbox: [(item: Incoming, cost: Int)] = []
    private var firstUnread = 0
    /// What the host may still send.
    private var allowance = Int(InitialCredit.toGuest)
    /// Consumed, but not given back to the host yet.
    private var consumed = 0
    private var lastCost = 0
    private var hostEnded = false
    /// What the host lets us send.
    private var credit = Int(InitialCredit.toHost)
    /// Signalled when the work must end, for a thread that waits in the kernel.
    private var wakeup: Int32 = -1
    private var overflowed = false

    init(stream: UInt64, outbox: Outbox, receivesContent: Bool) {
        self.stream = stream
        self.outbox = outbox
        self.receivesContent = receivesContent
    }

    /// Read inside the monitor.
    var isAbandoned: Bool {
        if case .abandoned = stop { return true }
        return false
    }

    // MARK: The host's side

    /// Takes a message of the host.
    func accept(_ message: HostMessage) {
        outbox.monitor.locked {
            switch message {
            case .credit(let bytes): credit = min(credit + Int(bytes), 1 << 40)
            case .cancel: end(.cancelled)
            case .close: end(.closed)
            case .chunk(let bytes): accept(.chunk(bytes), cost: bytes.count)
            case .treeEntry(var entry):
                // An entry's cost counts its path only: nothing else of it may be large.
                if entry.linkTarget.count > FileLimits.linkTarget {
                    entry.linkTarget = Array(entry.linkTarget.prefix(FileLimits.linkTarget + 1))
                }
                entry.digest = []
                accept(.entry(entry), cost: Cost.of(entry))
            case .copy(let offset, let length): accept(.copy(offset: offset, length: length), cost: Cost.copy)
            case .streamEnd:
                accept(.end, cost: 0)
                hostEnded = true
            default: violate("a message that this stream does not take")
            }
            changed.broadcast()
        }
    }

    private func accept(_ item: Incoming, cost: Int) {
        guard receivesContent else { return violate("content on a stream that takes none") }
        guard !hostEnded else { return violate("content after the end of the stream") }
        guard cost <= allowance else { return violate("more content than the credit allows") }
        if case .chunk(let bytes) = item, bytes.isEmpty { return }
        allowance -= cost
        inbox.append((item, cost))
    }

    private func violate(_ message: String) { end(.violated(.invalid("the host sent \(message)"))) }

    /// Makes the work end; the first reason stays, except that an abandoned stream says nothing any more.
    func end(_ reason: Stop) {
        if case .abandoned = reason { stop = reason } else if stop == nil { stop = reason }
        inbox = []
        firstUnread = 0
        if wakeup >= 0 { sandlot_wakeup_signal(wakeup) }
        changed.broadcast()
    }

    /// The host's channel is gone.
    func abandon() { outbox.monitor.locked { end(.abandoned) } }

    // MARK: The worker's side

    /// Lets the host send more at a time than every stream may.
    func widen(by bytes: Int) {
        let rings = outbox.monitor.locked {
            guard stop == nil else { return false }
            allowance += bytes
            return outbox.append(.credit(UInt32(clamping: bytes)), of: self)
        }
        if rings { outbox.ring() }
    }

    /// True when the work must end.
    var isStopped: Bool { outbox.monitor.locked { stop != nil } }

    /// Throws when the work must end.
    func checkStopped() throws {
        try outbox.monitor.locked { if stop != nil { throw Stopped() } }
    }

    /// Posts a message that costs no credit; waits while the loop is far behind.
    func send(_ message: GuestMessage) throws {
        let rings = try outbox.monitor.locked {
            while stop == nil, waiting >= FileLimits.waitingMessages { changed.wait(in: outbox.monitor) }
            if stop != nil { throw Stopped() }
            return outbox.append(message, of: self)
        }
        if rings { outbox.ring() }
    }

    /// Waits for credit and takes between 1 and `wanted` bytes of it.
    func takeCredit(upTo wanted: Int) throws -> Int {
        try outbox.monitor.locked {
            while stop == nil, credit <= 0 { changed.wait(in: outbox.monitor) }
            if stop != nil { throw Stopped() }
            let taken = min(credit, wanted)
            credit -= taken
            return taken
        }
    }

    /// Returns credit that was taken and not used.
    func returnCredit(_ bytes: Int) {
        if bytes > 0 { outbox.monitor.locked { credit += bytes } }
    }

    /// Waits for the credit of an entry and posts it.
    func send(_ entry: TreeEntry) throws {
        let cost = Cost.of(entry)
        try outbox.monitor.locked {
            while stop == nil, credit < cost { changed.wait(in: outbox.monitor) }
            if stop != nil { throw Stopped() }
            credit -= cost
        }
        try send(.treeEntry(entry))
    }

    /// Posts bytes in frames of at most `FileLimits.content`, as credit comes.
    func send(content: [UInt8]) throws {
        var rest = content[...]
        while !rest.isEmpty {
            let count = try takeCredit(upTo: min(rest.count, FileLimits.content))
            try send(.chunk(count == content.count ? content : Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for the host's next message. Asking for the next means that the one before is consumed: its credit goes back to the host, a
    /// quarter of the initial credit at a time.
    func receive() throws -> Incoming {
        let (item, rings) = try outbox.monitor.locked {
            consumed += lastCost
            lastCost = 0
            var rings = false
            if consumed >= Int(InitialCredit.toGuest) / 4, stop == nil {
                allowance += consumed
                rings = outbox.append(.credit(UInt32(clamping: consumed)), of: self)
                consumed = 0
            }
            if rings, firstUnread == inbox.count {
                // About to wait for a host that waits for this credit: it must not stay unannounced.
                return (Incoming?.none, true)
            }
            return (try unread(), rings)
        }
        if rings { outbox.ring() }
        if let item { return item }
        return try outbox.monitor.locked { try unread() }
    }

    private func unread() throws -> Incoming {
        while stop == nil, firstUnread == inbox.count { changed.wait(in: outbox.monitor) }
        if stop != nil { throw Stopped() }
        let (item, cost) = inbox[firstUnread]
        firstUnread += 1
        if firstUnread == inbox.count {
            inbox.removeAll(keepingCapacity: true)
            firstUnread = 0
        } else if firstUnread >= 64 {
            inbox.removeFirst(firstUnread)
            firstUnread = 0
        }
        lastCost = cost
        return item
    }

    /// Posts an event without waiting. When the loop is far behind, one overflow event stands for all that is lost.
    func offer(_ event: WatchEvent, overflowPath: [UInt8]) {
        let rings = outbox.monitor.locked {
            guard stop == nil else { return false }
            if overflowed, waiting > FileLimits.waitingMessages / 2 { return false }
            overflowed = waiting >= FileLimits.waitingMessages
            return outbox.append(.watch(overflowed ? WatchEvent(path: overflowPath, change: .overflow) : event), of: self)
        }
        if rings { outbox.ring() }
    }

    /// Has `descriptor` signalled when the work must end; -1 to take it away again.
    func wake(_ descriptor: Int32) {
        outbox.monitor.locked {
            wakeup = descriptor
            if descriptor >= 0, stop != nil { sandlot_wakeup_signal(descriptor) }
        }
    }

    /// Posts the stream's last message. `Stopped` work says why: a closed stream ends with `streamEnd`, a cancelled one with `superseded`.
    func finish(_ outcome: Result<GuestMessage, any Error>) {
        let rings = outbox.monitor.locked {
            guard !ended, !isAbandoned else { return false }
            ended = true
            return outbox.append(lastMessage(outcome), of: self)
        }
        if rings { outbox.ring() }
    }

    private func lastMessage(_ outcome: Result<GuestMessage, any Error>) -> GuestMessage {
        switch outcome {
        case .success(let message): return message
        case .failure(let failure as GuestFailure): return .failure(failure)
        case .failure(is Stopped):
            switch stop {
            case .violated(let failure): return .failure(failure)
            case .closed: return .streamEnd
            default: return .failure(GuestFailure(.superseded, message: "cancelled by the host"))
            }
        case .failure(let error): return .failure(GuestFailure(.internalError, message: "\(error)"))
        }
    }
}
