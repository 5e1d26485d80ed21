import NIOCore

/// Decides when a silent guest is asked for a sign of life and when it is given up.
struct Keepalive: Sendable {
    /// What to do now.
    enum Verdict {
        case idle
        case again(NIODeadline)
        case ping(UInt64, NIODeadline)
        case dead
    }

    private let interval: TimeAmount
    private let timeout: TimeAmount
    private var lastHeard = NIODeadline.uptimeNanoseconds(0)
    private var ping: (nonce: UInt64, sent: NIODeadline)?
    private var nextNonce: UInt64 = 1

    init(interval: Duration, timeout: Duration) {
        self.interval = .nanoseconds(interval.wholeNanoseconds)
        self.timeout = .nanoseconds(timeout.wholeNanoseconds)
    }

    /// Bytes came.
    mutating func heard(at now: NIODeadline) { lastHeard = now }

    /// A pong came; false when it answers no ping.
    mutating func pong(_ nonce: UInt64) -> Bool {
        guard ping?.nonce == nonce else { return false }
        ping = nil
        return true
    }

    /// Looks at the clock while something is awaited.
    mutating func check(at now: NIODeadline) -> Verdict {
        if let ping {
            // Any byte after the ping is a sign of life: a guest that is busy sending may answer late.
            let limit = max(ping.sent, lastHeard) + timeout
            return limit <= now ? .dead : .again(min(limit, now + interval))
        }
        let due = lastHeard + interval
        guard due <= now else { return .again(due) }
        defer { nextNonce &+= 1 }
        ping = (nextNonce, now)
        // The answer comes soon, and then the next silence counts.
        return .ping(nextNonce, now + min(interval, timeout))
    }
}
