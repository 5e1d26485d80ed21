import Synchronization

/// Carries what the gate decided to the connection that it decided on: the upgrader asks and acts in two separate calls.
final class TicketBox: Sendable {
    private let ticket = Mutex<TerminalTicket?>(nil)

    func put(_ value: TerminalTicket) { ticket.withLock { $0 = value } }

    func take() -> TerminalTicket? {
        ticket.withLock { ticket in
            defer { ticket = nil }
            return ticket
        }
    }
}
