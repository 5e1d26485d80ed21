import SandboxStore

/// How long a session may live.
struct Lease: Sendable, Equatable {
    var createdAt: Int64
    var lastUsedAt: Int64
    var idleMilliseconds: Int64?
    var lifeMilliseconds: Int64?
    var isOpen: Bool

    init(_ row: SessionRow) {
        createdAt = row.createdAt
        lastUsedAt = row.lastUsedAt
        idleMilliseconds = row.idleMilliseconds
        lifeMilliseconds = row.lifeMilliseconds
        isOpen = row.state != SessionState.closed.rawValue
    }

    /// The earlier of the two ends; a busy session is not idle. Nil is never.
    func expiry(isBusy: Bool) -> Timestamp? {
        guard isOpen else { return nil }
        let life = lifeMilliseconds.map { Timestamp(milliseconds: createdAt.addingClamped($0)) }
        let idle = isBusy ? nil : idleMilliseconds.map { Timestamp(milliseconds: lastUsedAt.addingClamped($0)) }
        return [life, idle].compactMap { $0 }.min()
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
