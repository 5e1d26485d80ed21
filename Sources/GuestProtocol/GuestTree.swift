/// What a path names.
public enum FileKind: UInt8, CaseIterable, Sendable {
    case regular = 1
    case directory = 2
    case symbolicLink = 3
    case fifo = 4
    case socket = 5
    case characterDevice = 6
    case blockDevice = 7
}

/// One node of a tree, in answers to stat, list, manifest and in tree streams. In tree streams and manifests `path` is relative to the root.
public struct TreeEntry: Equatable, Sendable {
    public var path: [UInt8]
    public var kind: FileKind
    /// Permission bits, set-id and sticky bits: `st_mode & 07777`.
    public var mode: UInt32
    public var size: UInt64
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// When content or attributes last changed, which no program can set: nanoseconds since 1970, 0 where it is not known.
    ///
    /// In an import, with `inode`: the node that must be at the path, or `nothing` when none must; 0 for whatever is there.
    public var changed: Int64
    public var userID: UInt32
    public var groupID: UInt32
    public var inode: UInt64
    /// Only of symbolic links.
    public var linkTarget: [UInt8]
    /// SHA-256 of the content, 32 bytes, where it was asked for; else empty.
    public var digest: [UInt8]

    /// Creates an entry.
    public init(
        path: [UInt8], kind: FileKind, mode: UInt32, size: UInt64, modified: Int64, changed: Int64 = 0, userID: UInt32 = 0,
        groupID: UInt32 = 0, inode: UInt64 = 0, linkTarget: [UInt8] = [], digest: [UInt8] = []
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.size = size
        self.modified = modified
        self.changed = changed
        self.userID = userID
        self.groupID = groupID
        self.inode = inode
        self.linkTarget = linkTarget
        self.digest = digest
    }
}

extension TreeEntry {
    /// In an import's `changed`: nothing must be at the path.
    public static let nothing = Int64.min
}

/// One line that `grep` found.
public struct GrepMatch: Equatable, Sendable {
    public var path: [UInt8]
    /// From 1.
    public var line: UInt64
    /// True for a line that is shown only as context.
    public var isContext: Bool
    /// The line without its end, cut at 4096 bytes.
    public var text: [UInt8]
    /// Creates a match.
    public init(path: [UInt8], line: UInt64, isContext: Bool, text: [UInt8]) {
        self.path = path
        self.line = line
        self.isContext = isContext
        self.text = text
    }
}

/// What to look for, and where.
public struct GrepQuery: Equatable, Sendable {
    public var root: [UInt8]
    public var pattern: [UInt8]
    /// True: the pattern is text, not a POSIX extended regular expression.
    public var isLiteral: Bool
    public var ignoresCase: Bool
    /// Only files whose path relative to the root (or whose name, when the glob has no slash) matches; empty means all.
    public var glob: [UInt8]
    public var context: UInt32
    /// Matches (not lines of context) at most.
    public var limit: UInt32
    public var includesHidden: Bool
    /// Creates a query.
    public init(
        root: [UInt8], pattern: [UInt8], isLiteral: Bool, ignoresCase: Bool, glob: [UInt8], context: UInt32, limit: UInt32,
        includesHidden: Bool
    ) {
        self.root = root
        self.pattern = pattern
        self.isLiteral = isLiteral
        self.ignoresCase = ignoresCase
        self.glob = glob
        self.context = context
        self.limit = limit
        self.includesHidden = includesHidden
    }
}

/// How a file is written.
public struct WriteOptions: Equatable, Sendable {
    /// Permission bits of a new file; nil keeps those of a file that is replaced, else 0644.
    public var mode: UInt32?
    public var createsParents: Bool
    /// Appends instead of replacing. Without it the write is atomic: a temporary file in the same folder, then a rename.
    public var appends: Bool
    /// Fails with `alreadyExists` when the path is taken.
    public var exclusive: Bool
    /// Creates options.
    public init(mode: UInt32? = nil, createsParents: Bool = false, appends: Bool = false, exclusive: Bool = false) {
        self.mode = mode
        self.createsParents = createsParents
        self.appends = appends
        self.exclusive = exclusive
    }
}

/// One change that a watch saw.
public struct WatchEvent: Equatable, Sendable {
    public enum Change: UInt8, CaseIterable, Sendable {
        case created = 1
        case modified = 2
        case removed = 3
        case attributes = 4
        /// The kernel's queue overflowed: look at the whole tree.
        case overflow = 5
    }
    public var path: [UInt8]
    public var change: Change
    /// Creates an event.
    public init(path: [UInt8], change: Change) {
        self.path = path
        self.change = change
    }
}
