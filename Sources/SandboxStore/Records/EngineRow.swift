import GRDB

/// An engine that opened the data directory. Whether it lives is told by its lock; the rest is for people.
public struct EngineRow: Sendable, Equatable {
    public var id: String
    public var process: Int32
    /// Clock ticks after boot.
    public var processStarted: Int64
    public var boot: String
    public var startedAt: Int64
    public var heartbeat: Int64

    /// Creates a row.
    public init(id: String, process: Int32, processStarted: Int64, boot: String, startedAt: Int64, heartbeat: Int64) {
        self.id = id
        self.process = process
        self.processStarted = processStarted
        self.boot = boot
        self.startedAt = startedAt
        self.heartbeat = heartbeat
    }

    init(_ row: Row) {
        self.init(
            id: row["id"], process: row["process"], processStarted: row["process_started"], boot: row["boot"], startedAt: row["started_at"],
            heartbeat: row["heartbeat"])
    }
}
