import Synchronization

/// Carries what the gate decided to the connection that it decided on: the upgrader asks and acts in two separate calls.
final class TicketBox: Sendable {
    private let ticket = Mutex<Result<SocketTicket, any Error>?>(nil)

    func put(_ value: Result<SocketTicket, any Error>) { ticket.withLock { $0 = value } }

    func take() -> Result<SocketTicket, any Error>? {
        ticket.withLock { ticket in
            defer { ticket = nil }
            return ticket
        }
    }
}
