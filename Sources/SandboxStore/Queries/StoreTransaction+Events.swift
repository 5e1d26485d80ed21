import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Adds an event; its sequence is one that no event had before.
    public func append(_ event: EventRow) throws {
        try run(
            "INSERT INTO events (kind, session, exec, at, payload) VALUES (?,?,?,?,?)",
            [event.kind, event.session?.rawValue, event.exec?.rawValue, event.at, event.payload])
    }

    /// Events after a sequence number, in order.
    public func events(after sequence: Int64, session: SessionID?, limit: Int) throws -> [EventRow] {
        guard let session else {
            return try rows("SELECT * FROM events WHERE sequence>? ORDER BY sequence LIMIT ?", [sequence, limit]).map(EventRow.init)
        }
        return try rows(
            "SELECT * FROM events WHERE session=? AND sequence>? ORDER BY sequence LIMIT ?", [session.rawValue, sequence, limit]
        ).map(EventRow.init)
    }

    /// Deletes the events of no session that are older than a time.
    public func deleteEvents(before time: Int64) throws { try run("DELETE FROM events WHERE session IS NULL AND at<?", [time]) }
}
