import SandboxEngine
import Synchronization

/// What lets a terminal's socket in: each opens one socket, once, and soon.
final class TerminalTickets: Sendable {
    private struct Ticket {
        var sandbox: VercelRecord
        var until: Timestamp
    }

    private static let life: Int64 = 60_000
    private static let most = 1000
    private let tickets = Mutex<[String: Ticket]>([:])

    /// A token for a terminal of this sandbox.
    func issue(for sandbox: VercelRecord) throws -> String {
        var random = SystemRandomNumberGenerator()
        let token = (0..<4).map { _ in String(random.next(), radix: 36) }.joined()
        let now = Timestamp.now()
        try tickets.withLock { tickets in
            tickets = tickets.filter { $0.value.until.milliseconds > now.milliseconds }
            guard tickets.count < Self.most else { throw VercelFailure(429, "rate_limited", "too many terminals are being opened") }
            tickets[token] = Ticket(sandbox: sandbox, until: Timestamp(milliseconds: now.milliseconds + Self.life))
        }
        return token
    }

    /// The sandbox that a token opens; nil for one that was used, is too old or was never issued.
    func take(_ token: String) -> VercelRecord? {
        guard let ticket = tickets.withLock({ $0.removeValue(forKey: token) }), ticket.until.milliseconds > Timestamp.now().milliseconds
        else { return nil }
        return ticket.sandbox
    }
}
