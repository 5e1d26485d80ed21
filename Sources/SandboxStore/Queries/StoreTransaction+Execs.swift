import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Adds an exec. Throws `alreadyExists` when the id was used before.
    public func insert(_ row: ExecRow) throws {
        let command: String
        let isShell: Bool
        switch row.command {
        case .arguments(let list): (command, isShell) = (ArgumentText.join(list), false)
        case .shell(let line): (command, isShell) = (line, true)
        }
        try run(
            """
            INSERT OR IGNORE INTO execs (id, session, sandbox, engine, command, is_shell, directory, user, terminal, state, started_at)
            VALUES (?,?,?,?,?,?,?,?,?,?,?)
            """,
            [
                row.id.rawValue, row.session.rawValue, row.sandbox.rawValue, row.engine, command, isShell, row.directory, row.user,
                row.hasTerminal, row.state, row.startedAt,
            ])
        guard database.changesCount == 1 else {
            throw SandboxError(.alreadyExists, "exec \(row.id) was started before", remedy: "look at that one, or use a new id")
        }
    }

    /// Notes that an exec runs, unless it is over.
    public func setRunning(_ id: ExecID, process: Int32?) throws {
        try run("UPDATE execs SET state='running', process=? WHERE id=? AND state='starting'", [process, id.rawValue])
    }

    /// Notes how an exec ended, unless it is over; tells whether this was the one that ended it.
    public func end(_ id: ExecID, _ ending: ExecEnding, dropped: OutputOffsets, at time: Int64) throws -> Bool {
        let outcome = OutcomeColumns.values(of: ending.outcome)
        try run(
            """
            UPDATE execs SET state='ended', outcome=?, code=?, core=?, reason=?, stdout=?, stderr=?, dropped_stdout=?, dropped_stderr=?,
                survivors=?, duration=?, processor=?, memory=?, memory_kills=?, ended_at=? WHERE id=? AND state IN ('starting', 'running')
            """,
            [
                outcome.word, outcome.code, outcome.core, outcome.reason, Int64(clamping: ending.offsets.standardOutput),
                Int64(clamping: ending.offsets.standardError), Int64(clamping: dropped.standardOutput),
                Int64(clamping: dropped.standardError),
                ending.survivors, OutcomeColumns.nanoseconds(ending.duration), OutcomeColumns.nanoseconds(ending.processorTime),
                ending.peakMemory.map { Int64(clamping: $0) }, ending.memoryKills, time, id.rawValue,
            ])
        return database.changesCount == 1
    }

    /// Notes that an exec never ran.
    public func refuse(_ id: ExecID, failure: String, status: Int32?, at time: Int64) throws {
        try run(
            "UPDATE execs SET state='refused', failure=?, refusal=?, ended_at=? WHERE id=? AND state='starting'",
            [failure, status, time, id.rawValue])
    }

    /// Takes an exec over from an engine; tells whether it was still that engine's.
    public func takeOver(_ id: ExecID, from old: String, to new: String) throws -> Bool {
        try run(
            "UPDATE execs SET engine=? WHERE id=? AND engine=? AND state IN ('starting', 'running')", [new, id.rawValue, old])
        return database.changesCount == 1
    }

    /// An exec by id; nil for one that was forgotten.
    public func exec(_ id: ExecID) throws -> ExecRow? {
        try row("SELECT * FROM execs WHERE id=? AND state<>'forgotten'", [id.rawValue]).map(ExecRow.init)
    }

    /// Leaves nothing of an exec that is over but its id, which stays used; tells whether it was over.
    public func forget(_ id: ExecID) throws -> Bool {
        try run(
            """
            UPDATE execs SET state='forgotten', command='', directory=NULL, user=NULL, failure=NULL, reason=NULL, stdout=0, stderr=0,
                dropped_stdout=0, dropped_stderr=0 WHERE id=? AND state IN ('ended', 'refused')
            """, [id.rawValue])
        return database.changesCount == 1
    }

    /// The execs of a session or of all, oldest first.
    public func execs(in session: SessionID?, includingEnded: Bool) throws -> [ExecRow] {
        let alive = includingEnded ? "AND state<>'forgotten'" : "AND state IN ('starting', 'running')"
        guard let session else {
            return try rows("SELECT * FROM execs WHERE 1 \(alive) ORDER BY started_at, rowid").map(ExecRow.init)
        }
        return try rows("SELECT * FROM execs WHERE session=? \(alive) ORDER BY started_at, rowid", [session.rawValue]).map(ExecRow.init)
    }

    /// The sessions that have an exec which is not over.
    public func sessionsWithLiveExecs() throws -> Set<SessionID> {
        Set(
            try rows("SELECT DISTINCT session FROM execs WHERE state IN ('starting', 'running')").map {
                try SessionID(validating: $0["session"])
            })
    }

    /// Ended execs with output on disk, oldest first, with the bytes kept.
    public func endedExecsWithOutput() throws -> [(id: ExecID, bytes: UInt64)] {
        try rows(
            """
            SELECT id, stdout + stderr - dropped_stdout - dropped_stderr AS bytes FROM execs
            WHERE state='ended' AND stdout + stderr > dropped_stdout + dropped_stderr ORDER BY ended_at
            """
        ).map { (try ExecID(validating: $0["id"]), unsigned($0["bytes"])) }
    }

    /// Notes that nothing of an exec's output is on disk any more.
    public func dropOutput(of id: ExecID) throws {
        try run("UPDATE execs SET dropped_stdout=stdout, dropped_stderr=stderr WHERE id=?", [id.rawValue])
    }
}
