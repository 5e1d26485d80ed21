import GuestProtocol

/// How many bytes the guest still takes on a stream, and who waits for more.
struct InputCredit: Sendable {
    /// A guest that grants more than this at once wants us to fill memory.
    private static let most = 64 << 20

    private var available = Int(InitialCredit.toGuest)
    private var waiters: [Answer<Void>] = []
    /// Bytes sent whose credit has not come back: whether they arrived is not known.
    private(set) var outstanding = 0

    /// Takes up to `count` bytes of credit, or a promise that tells when to ask again.
    mutating func take(_ count: Int) -> (taken: Int, wait: Answer<Void>?) {
        guard available > 0 else {
            let wait = Answer<Void>()
            waiters.append(wait)
            return (0, wait)
        }
        let taken = min(count, available)
        available -= taken
        outstanding += taken
        return (taken, nil)
    }

    /// Takes exactly `count`, which may be more than there is as long as there is any.
    mutating func takeWhole(_ count: Int) -> Answer<Void>? {
        guard available >= min(count, Int(InitialCredit.toGuest)) else {
            let wait = Answer<Void>()
            waiters.append(wait)
            return wait
        }
        available -= count
        return nil
    }

    /// More credit came; returns who can go on.
    mutating func grant(_ count: UInt32) throws(ProtocolViolation) -> [Answer<Void>] {
        available += Int(count)
        outstanding = max(0, outstanding - Int(count))
        guard available <= Self.most else { throw .unexpected("more credit than anybody needs") }
        return drain()
    }

    /// Takes everybody who waits.
    mutating func drain() -> [Answer<Void>] {
        defer { waiters = [] }
        return waiters
    }

    /// Forgets one who gave up.
    mutating func remove(_ waiter: Answer<Void>) { waiters.removeAll { $0 === waiter } }
}
