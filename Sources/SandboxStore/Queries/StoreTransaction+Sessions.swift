import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Adds a session. Throws `alreadyExists` when a session that is not closed has the name.
    public func insert(_ row: SessionRow) throws {
        if let name = row.name { try refuseTaken(name, except: row.id) }
        try run("INSERT INTO sessions (\(SessionRow.columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", row.arguments)
    }

    /// Replaces a session if it is still at `row.revision`, and counts the revision up. Throws `conflict` when somebody else changed it.
    @discardableResult
    public func update(_ row: SessionRow) throws -> SessionRow {
        if let name = row.name, row.state != "closed" { try refuseTaken(name, except: row.id) }
        try run(
            """
            UPDATE sessions SET name=?, scope=?, sandbox_key=?, state=?, backend=?, sandbox=?, plan=?, decision=?, engine=?,
                ends_with_engine=?, created_at=?, last_used_at=max(last_used_at, ?), idle_milliseconds=?, life_milliseconds=?, closed_at=?,
                failure=?, may_retry=?, revision=revision+1 WHERE id=? AND revision=?
            """,
            [
                row.name, row.scope, row.sandboxKey, row.state, row.backend.rawValue, row.sandbox?.rawValue, row.plan, row.decision,
                row.engine, row.endsWithEngine, row.createdAt, row.lastUsedAt, row.idleMilliseconds, row.lifeMilliseconds, row.closedAt,
                row.failure, row.mayRetry, row.id.rawValue, row.revision,
            ])
        guard database.changesCount == 1 else {
            throw SandboxError(.conflict, "session \(row.id) was changed by somebody else meanwhile", remedy: "look at it and try again")
        }
        var updated = row
        updated.revision += 1
        return updated
    }

    /// Notes that a session was used.
    public func touch(_ session: SessionID, at time: Int64) throws {
        try run("UPDATE sessions SET last_used_at=max(last_used_at, ?) WHERE id=?", [time, session.rawValue])
    }

    /// A session by id.
    public func session(_ id: SessionID) throws -> SessionRow? {
        try row("SELECT * FROM sessions WHERE id=?", [id.rawValue]).map(SessionRow.init)
    }

    /// A session by the name that it has among those not closed.
    public func session(named name: String) throws -> SessionRow? {
        try row("SELECT * FROM sessions WHERE name=? AND state<>'closed'", [name]).map(SessionRow.init)
    }

    /// Sessions, oldest first.
    public func sessions(includingClosed: Bool) throws -> [SessionRow] {
        let filter = includingClosed ? "" : "WHERE state<>'closed'"
        return try rows("SELECT * FROM sessions \(filter) ORDER BY created_at, id").map(SessionRow.init)
    }

    /// Sessions that use a sandbox key and are not closed.
    public func openSessions(key: String) throws -> [SessionRow] {
        try rows("SELECT * FROM sessions WHERE state<>'closed' AND sandbox_key=? ORDER BY created_at, id", [key]).map(SessionRow.init)
    }

    /// Sessions that were closed before a time.
    public func sessions(closedBefore time: Int64) throws -> [SessionRow] {
        try rows("SELECT * FROM sessions WHERE state='closed' AND closed_at<? ORDER BY closed_at", [time]).map(SessionRow.init)
    }

    /// Deletes a closed session with its execs and events.
    public func deleteClosed(_ id: SessionID) throws {
        try run("DELETE FROM sessions WHERE id=? AND state='closed'", [id.rawValue])
        guard database.changesCount == 1 else { return }
        try run("DELETE FROM execs WHERE session=?", [id.rawValue])
        try run("DELETE FROM events WHERE session=?", [id.rawValue])
    }

    private func refuseTaken(_ name: String, except id: SessionID) throws {
        if let other = try session(named: name), other.id != id {
            throw SandboxError(
                .alreadyExists, "the name '\(name)' belongs to session \(other.id)", remedy: "choose another name or close that session")
        }
    }
}
