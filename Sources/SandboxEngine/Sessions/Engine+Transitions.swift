import SandboxCore
import SandboxStore

extension StoreTransaction {
    /// Feeds one event to a session's machine and commits what follows. `edit` fills in what the new state brings.
    @discardableResult
    func advance(
        _ id: SessionID, _ event: SessionMachine.Event, _ payload: [String: String] = [:],
        _ edit: (inout SessionRow) throws -> Void = { _ in }
    ) throws -> (row: SessionRow, actions: [SessionMachine.Action]) {
        guard var row = try session(id), let state = SessionState(rawValue: row.state) else {
            throw SandboxError(.notFound, "there is no session '\(id)'", remedy: "list the sessions, or open one")
        }
        var machine = SessionMachine(state: state, mayRetry: row.mayRetry)
        let actions = try machine.handle(event)
        let old = row
        try edit(&row)
        row.state = machine.state.rawValue
        if machine.state != .failed { row.mayRetry = false }
        if machine.state == .closed && state != .closed { row.closedAt = Timestamp.now().milliseconds }
        if row != old { row = try update(row) }
        for case .announce(let kind) in actions { try announce(kind, session: id, payload) }
        return (row, actions)
    }
}
