/// What a push, a pull or a look at both sides found and did.
public struct SyncReport: Sendable, Equatable {
    /// A change of one side.
    public struct Change: Sendable, Equatable {
        public var path: TreePath
        /// The side that is changed to be like the other.
        public var side: WorkspaceSide
        public var change: NodeChange
        /// "file", "directory" or "link": what it becomes, or what it was.
        public var kind: String
        /// Bytes of a file as it becomes.
        public var size: UInt64
    }

    /// A path that was left alone.
    public struct Refusal: Sendable, Equatable {
        public var path: TreePath
        public var reason: String
    }

    /// What was done; in a dry run what would be.
    public var changes: [Change] = []
    /// What only a call in the other direction would do.
    public var pending: [Change] = []
    /// Text files whose changes of both sides were put together; a push brings them into the sandbox.
    public var merged: [TreePath] = []
    /// Paths that both sides changed; their versions are kept.
    public var conflicts: [WorkspaceConflict] = []
    /// What a rule keeps out, with the reason.
    public var refused: [Refusal] = []
    /// What changed while it was being carried over: the next call takes it up.
    public var missed: [Refusal] = []
    /// Nodes that the ignore rules leave out; a folder counts once.
    public var ignored = 0
    /// Paths that both sides have.
    public var total = 0
    /// Files and bytes that crossed over.
    public var movedFiles = 0
    public var movedBytes: UInt64 = 0
    /// Files and bytes that had to be read to know that they are the same.
    public var readFiles = 0
    public var readBytes: UInt64 = 0
    /// Of a mounted workspace, where there is one side only: the changes are those since then, in nanoseconds since 1970.
    public var since: Int64?

    /// Nothing to do in either direction, and nothing left open.
    public var isClean: Bool { changes.isEmpty && pending.isEmpty && conflicts.isEmpty && missed.isEmpty }
}

/// How far a push or pull is.
public struct SyncProgress: Sendable, Equatable {
    public enum Phase: String, Sendable {
        case looking
        case copying
        case applying
    }
    public var phase: Phase
    public var files: Int
    public var bytes: UInt64
    /// Bytes in all; nil while it is not known.
    public var totalBytes: UInt64?

    /// Creates a note of how far it is.
    public init(phase: Phase, files: Int, bytes: UInt64, totalBytes: UInt64? = nil) {
        self.phase = phase
        self.files = files
        self.bytes = bytes
        self.totalBytes = totalBytes
    }
}
