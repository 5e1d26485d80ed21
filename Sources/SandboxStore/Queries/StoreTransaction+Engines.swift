import GRDB
extension StoreTransaction {
    /// Adds an engine.
    public func insert(_ row: EngineRow) throws {
        try run(
            "INSERT INTO engines (id, process, process_started, boot, started_at, heartbeat) VALUES (?,?,?,?,?,?)",
            [row.id, row.process, row.processStarted, row.boot, row.startedAt, row.heartbeat])
    }

    /// Notes that an engine reconciled or served just now.
    public func heartbeat(of id: String, at time: Int64) throws { try run("UPDATE engines SET heartbeat=? WHERE id=?", [time, id]) }

    /// Forgets an engine.
    public func deleteEngine(_ id: String) throws { try run("DELETE FROM engines WHERE id=?", [id]) }

    /// Every engine that did not say farewell.
    public func engines() throws -> [EngineRow] { try rows("SELECT * FROM engines ORDER BY started_at, id").map(EngineRow.init) }
}
