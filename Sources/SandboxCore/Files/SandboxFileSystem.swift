public import SystemPackage

/// What a path names.
public enum FileKind: String, Sendable, Codable, CaseIterable {
    case regular = "file"
    case directory
    case symbolicLink = "symlink"
    case fifo
    case socket
    case characterDevice = "char-device"
    case blockDevice = "block-device"
}

/// A node of a sandbox's file system.
public struct FileEntry: Sendable, Equatable {
    public var path: FilePath
    public var kind: FileKind
    /// Permission, set-id and sticky bits.
    public var mode: UInt32
    /// Bytes.
    public var size: UInt64
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// When content or attributes last changed, which no program can set: nanoseconds since 1970; nil where the backend does not tell.
    public var changed: Int64?
    /// Tells one node from another that took its name; nil where the backend does not tell.
    public var inode: UInt64?
    public var userID: UInt32
    public var groupID: UInt32
    /// Only of symbolic links.
    public var linkTarget: FilePath?
    /// SHA-256, 32 bytes, where it was asked for.
    public var digest: [UInt8]?
    /// Only of entries on their way in: what must be at the path, else the entry is refused. Nil is whatever is there.
    public var replaces: ReplacedNode?

    /// Creates an entry.
    public init(
        path: FilePath, kind: FileKind, mode: UInt32, size: UInt64, modified: Int64, changed: Int64? = nil, inode: UInt64? = nil,
        userID: UInt32 = 0, groupID: UInt32 = 0, linkTarget: FilePath? = nil, digest: [UInt8]? = nil, replaces: ReplacedNode? = nil
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.size = size
        self.modified = modified
        self.changed = changed
        self.inode = inode
        self.userID = userID
        self.groupID = groupID
        self.linkTarget = linkTarget
        self.digest = digest
        self.replaces = replaces
    }
}

/// What a change inside a sandbox was decided for: when something else is at the path by then, it is left alone. A backend that does not tell
/// change times and inodes does not look.
public enum ReplacedNode: Sendable, Hashable {
    case nothing
    /// The node that a look found, by its `FileEntry.changed` and `FileEntry.inode`.
    case node(changed: Int64, inode: UInt64)
}

/// A piece of a file whose borders its content decides, so that a change moves only the borders beside it.
public struct FileChunk: Sendable, Hashable {
    /// Bytes.
    public var length: Int
    /// SHA-256, 32 bytes.
    public var digest: [UInt8]
    /// Creates a chunk.
    public init(length: Int, digest: [UInt8]) {
        self.length = length
        self.digest = digest
    }
}

/// A folder of a tree, with a digest of the nodes directly in it: of their names and modes, and of what is no folder also of size, times, inode and
/// link target.
public struct FolderDigest: Sendable, Hashable {
    /// Relative to the tree's root; empty for the root itself.
    public var path: FilePath
    /// SHA-256, 32 bytes.
    public var digest: [UInt8]
    /// Creates a folder's digest.
    public init(path: FilePath, digest: [UInt8]) {
        self.path = path
        self.digest = digest
    }
}

/// A regular file of an import that has its name now, and still has the size and time that it was given.
public struct WrittenFile: Sendable, Hashable {
    /// Of its entry among the entries of the import, from 0.
    public var index: Int
    /// Nanoseconds since 1970, as `FileEntry.changed`.
    public var changed: Int64
    /// As `FileEntry.inode`.
    public var inode: UInt64
    /// Creates a written file.
    public init(index: Int, changed: Int64, inode: UInt64) {
        self.index = index
        self.changed = changed
        self.inode = inode
    }
}

/// How a file is written.
public struct FileWriteOptions: Sendable, Equatable {
    /// Permission bits; nil keeps those of a file that is replaced, else 0644.
    public var mode: UInt32?
    public var createsParents: Bool
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

/// One line that `grep` found.
public struct FileMatch: Sendable, Equatable {
    public var path: FilePath
    /// From 1.
    public var line: Int
    /// Shown only as context.
    public var isContext: Bool
    /// Without the line's end, cut at 4096 bytes.
    public var text: [UInt8]
    /// Creates a match.
    public init(path: FilePath, line: Int, isContext: Bool, text: [UInt8]) {
        self.path = path
        self.line = line
        self.isContext = isContext
        self.text = text
    }
}

/// What to look for.
public struct FileSearch: Sendable, Equatable {
    public var root: FilePath
    public var pattern: String
    /// The pattern is text, not a POSIX extended regular expression.
    public var isLiteral: Bool
    public var ignoresCase: Bool
    /// Only files that match this glob.
    public var glob: String?
    /// Lines around each match.
    public var context: Int
    /// Matches at most.
    public var limit: Int
    public var includesHidden: Bool
    /// Creates a search.
    public init(
        root: FilePath, pattern: String, isLiteral: Bool = false, ignoresCase: Bool = false, glob: String? = nil, context: Int = 0,
        limit: Int = 1000, includesHidden: Bool = false
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

/// A refusal of the sandbox's file system, with the kind that front ends show.
public struct FileRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: String, Sendable, Codable, CaseIterable {
        case notFound = "not_found"
        case alreadyExists = "already_exists"
        case permissionDenied = "permission_denied"
        case isDirectory = "is_directory"
        case notDirectory = "not_directory"
        case notEmpty = "not_empty"
        case tooLarge = "too_large"
        case noSpace = "no_space"
        case invalid
    }
    public var reason: Reason
    public var path: FilePath
    public var message: String
    /// Creates a refusal.
    public init(_ reason: Reason, path: FilePath, message: String) {
        self.reason = reason
        self.path = path
        self.message = message
    }
    /// Message and path.
    public var description: String { "\(message): \(path)" }
}

/// A change that a watch saw.
public struct FileChange: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case created, modified, removed, attributes
        /// Changes were lost: look at the whole tree.
        case overflow
    }
    public var path: FilePath
    public var kind: Kind
    /// Creates a change.
    public init(path: FilePath, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// An element of a tree on its way in or out; a regular file's entry is followed by its content.
public enum TreeItem: Sendable, Equatable {
    /// The path is relative to the tree's root.
    case entry(FileEntry)
    case content([UInt8])
    /// Content that the file which has the entry's path until now holds already. Only on the way in, and only for a sandbox that told the file's
    /// chunks (`SandboxFileSystem.chunks`).
    case copy(offset: UInt64, length: UInt64)
}

/// A single-pass sequence of pieces with back-pressure.
public struct SandboxStream<Element: Sendable>: AsyncSequence, Sendable {
    private let pull: @Sendable () async throws -> Element?
    /// Wraps a function that returns the next piece, or nil at the end.
    public init(_ pull: @escaping @Sendable () async throws -> Element?) { self.pull = pull }
    /// Walks the pieces.
    public struct Iterator: AsyncIteratorProtocol {
        let pull: @Sendable () async throws -> Element?
        /// The next piece; nil at the end.
        public mutating func next() async throws -> Element? { try await pull() }
    }
    /// One iterator; a second one continues where the first is.
    public func makeAsyncIterator() -> Iterator { Iterator(pull: pull) }
}

/// The files of a sandbox. Relative paths mean the workspace. Refusals are `FileRefusal`s; everything else is a `SandboxError`.
public protocol SandboxFileSystem: Sendable {
    /// At most 256 KiB from `offset`; fewer bytes than asked for only at the end of the file.
    func read(_ path: FilePath, offset: UInt64, length: Int) async throws -> [UInt8]
    /// The content from `offset`, in pieces.
    func contents(of path: FilePath, offset: UInt64, length: UInt64?) async throws -> SandboxStream<[UInt8]>
    /// Writes bytes of any size; atomic unless appending.
    func write(_ bytes: [UInt8], to path: FilePath, options: FileWriteOptions) async throws
    /// Writes a stream; atomic unless appending. When the stream throws, the file is as it was.
    func write(_ stream: SandboxStream<[UInt8]>, to path: FilePath, options: FileWriteOptions) async throws
    func stat(_ path: FilePath, followsLinks: Bool) async throws -> FileEntry
    /// Entries sorted by the bytes of their names, after the one named `cursor`; `more` tells whether there are others. Entry paths are names.
    /// The cursor is the last entry's path as it came: a name need not be text.
    func list(_ path: FilePath, after cursor: FilePath?, limit: Int) async throws -> (entries: [FileEntry], more: Bool)
    func makeDirectory(_ path: FilePath, mode: UInt32, parents: Bool) async throws
    func remove(_ path: FilePath, recursive: Bool) async throws
    func move(_ source: FilePath, to target: FilePath, overwrite: Bool) async throws
    func makeSymbolicLink(_ path: FilePath, target: FilePath) async throws
    func changeMode(_ path: FilePath, mode: UInt32) async throws
    func glob(_ pattern: String, root: FilePath, limit: Int, includesHidden: Bool) async throws -> (entries: [FileEntry], more: Bool)
    func grep(_ search: FileSearch) async throws -> (matches: [FileMatch], truncated: Bool)
    /// Changes below a path from now on, until the stream is let go.
    func watch(_ path: FilePath, recursive: Bool) async throws -> SandboxStream<FileChange>
    /// Every node below the root, parents first, with digests of regular files where asked for.
    func manifest(of root: FilePath, digests: Bool) async throws -> SandboxStream<FileEntry>
    /// The tree below a root; `paths` relative to it, empty for all.
    func export(_ root: FilePath, paths: [FilePath]) async throws -> SandboxStream<TreeItem>
    /// Writes a tree below a root and never outside of it. Returns the refused entries with their reasons.
    func `import`(_ items: SandboxStream<TreeItem>, into root: FilePath) async throws -> [(path: FilePath, reason: String)]
    /// The same, and calls `written` for the files that were made, in any order. `tellsWritten` is false where the backend
    /// cannot tell.
    func `import`(
        _ items: SandboxStream<TreeItem>, into root: FilePath, written: @escaping @Sendable ([WrittenFile]) -> Void
    ) async throws -> (refused: [(path: FilePath, reason: String)], tellsWritten: Bool)
    /// A digest for the root and every folder below it, in no order; nil where the backend cannot tell.
    func folderDigests(of root: FilePath) async throws -> SandboxStream<FolderDigest>?
    /// Every node directly in some folders, which are relative to the root (empty is the root), in no order of folders. Folders that are gone are
    /// left out.
    func entries(in folders: [FilePath], below root: FilePath) async throws -> SandboxStream<FileEntry>
    /// The chunks of a regular file in their order; nil where the backend cannot tell them, or take `TreeItem.copy`.
    func chunks(of path: FilePath) async throws -> SandboxStream<FileChunk>?
    /// Removes a file, link or empty directory if it is still the one that a look found; else `notFound` or `alreadyExists`.
    func remove(_ path: FilePath, ifStill node: ReplacedNode) async throws
}
