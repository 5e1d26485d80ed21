import NIOHTTP1

/// What a WebSocket was let in to.
enum SocketTicket: Sendable {
    case terminal(TerminalTicket)
    case contributed(SocketHandler)
}

/// Decides what a request for a WebSocket gets.
struct SocketGate: Sendable {
    let terminals: TerminalGate
    let contributors: [any RouteContributor]

    /// Nil leaves it an ordinary request. Throws why a terminal is refused.
    func ticket(for head: HTTPRequestHead) async throws -> SocketTicket? {
        let path = head.uri.prefix { $0 != "?" }
        guard let owner = contributors.first(where: { $0.owns(path) }) else { return .terminal(try await terminals.ticket(for: head)) }
        do {
            try terminals.hosts.check(
                authority: head.headers.first(name: "host"), origin: head.headers.first(name: "origin"),
                site: head.headers.first(name: "sec-fetch-site"))
        } catch {
            // As an ordinary request it is refused for the same reason, with words.
            return nil
        }
        return await owner.socket(for: SocketRequest(head)).map { .contributed($0) }
    }
}

extension RouteContributor {
    func owns(_ path: some StringProtocol) -> Bool {
        guard let ownPrefix else { return false }
        return path == ownPrefix || path.hasPrefix(ownPrefix + "/")
    }
}
