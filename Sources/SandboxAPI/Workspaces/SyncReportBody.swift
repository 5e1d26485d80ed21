public import SandboxWorkspace

/// What a push, a pull or a comparison found and did.
public struct SyncReportBody: Sendable, Codable, Equatable {
    /// Nothing was changed.
    public var dryRun: Bool
    /// What was done; in a dry run what would be.
    public var changes: [Change]
    /// What only a call in the other direction would do.
    public var pending: [Change]
    /// Text files whose changes of both sides were put together.
    public var merged: [WirePath]
    public var conflicts: [ConflictBody]
    /// What a rule keeps out.
    public var refused: [Refusal]
    /// What changed while it was carried over: the next call takes it up.
    public var missed: [Refusal]
    /// Entries of these lists that are left out of this answer.
    public var omitted: Omitted
    /// Nodes that the ignore rules leave out.
    public var ignored: Int
    /// Paths that both sides have.
    public var total: Int
    public var movedFiles: Int
    public var movedBytes: UInt64
    /// That had to be read to know that they are the same.
    public var readFiles: Int
    public var readBytes: UInt64
    /// Of a mounted workspace, where there is one side only: the changes are those since then, in milliseconds since 1970.
    public var since: Int64?

    /// A change of one side.
    public struct Change: Sendable, Codable, Equatable {
        public var path: WirePath
        /// The side that is changed to be like the other.
        public var side: WorkspaceSide
        public var change: NodeChange
        /// "file", "directory" or "link".
        public var kind: String
        /// Bytes of a file as it becomes.
        public var size: UInt64
    }

    /// A path that was left alone.
    public struct Refusal: Sendable, Codable, Equatable {
        public var path: WirePath
        public var reason: String
    }

    /// How many entries are left out.
    public struct Omitted: Sendable, Codable, Equatable {
        public var changes = 0
        public var pending = 0
        public var merged = 0
        public var conflicts = 0
        public var refused = 0
        public var missed = 0
    }

    /// Tells a report, with at most `limit` entries of each list.
    public init(_ report: SyncReport, dryRun: Bool, limit: Int = .max) throws {
        func change(_ one: SyncReport.Change) throws -> Change {
            Change(path: try WirePath(one.path), side: one.side, change: one.change, kind: one.kind, size: one.size)
        }
        func refusal(_ one: SyncReport.Refusal) throws -> Refusal { Refusal(path: try WirePath(one.path), reason: one.reason) }
        func rest(_ count: Int) -> Int { max(0, count - limit) }
        self.dryRun = dryRun
        changes = try report.changes.prefix(limit).map(change)
        pending = try report.pending.prefix(limit).map(change)
        merged = try report.merged.prefix(limit).map { try WirePath($0) }
        conflicts = try report.conflicts.prefix(limit).map { try ConflictBody($0) }
        refused = try report.refused.prefix(limit).map(refusal)
        missed = try report.missed.prefix(limit).map(refusal)
        omitted = Omitted(
            changes: rest(report.changes.count), pending: rest(report.pending.count), merged: rest(report.merged.count),
            conflicts: rest(report.conflicts.count), refused: rest(report.refused.count), missed: rest(report.missed.count))
        ignored = report.ignored
        total = report.total
        movedFiles = report.movedFiles
        movedBytes = report.movedBytes
        readFiles = report.readFiles
        readBytes = report.readBytes
        since = report.since.map { $0 / 1_000_000 }
    }
}
