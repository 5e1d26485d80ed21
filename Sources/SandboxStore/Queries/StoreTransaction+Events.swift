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

    /// The sequence behind which there are the last `count` events; 0 where there are no more.
    public func eventSequence(beforeLast count: Int, session: SessionID?) throws -> Int64 {
        let found =
            if let session {
                try row(
                    "SELECT sequence FROM events WHERE session=? ORDER BY sequence DESC LIMIT 1 OFFSET ?", [session.rawValue, count])
            } else {
                try row("SELECT sequence FROM events ORDER BY sequence DESC LIMIT 1 OFFSET ?", [count])
            }
        return found?["sequence"] ?? 0
    }

    /// Deletes the events of no session that are older than a time.
    public func deleteEvents(before time: Int64) throws { try run("DELETE FROM events WHERE session IS NULL AND at<?", [time]) }
}
