import SandboxCore

/// What a path holds, as far as both sides shall have the same.
public enum TreeNode: Hashable, Sendable {
    /// A regular file. `mode` is its permission bits; times are carried along and never compared.
    case file(digest: ContentDigest, size: UInt64, mode: UInt16)
    case directory(mode: UInt16)
    case link(target: [UInt8])

    /// Bits that are compared and carried: no set-id, no sticky bit.
    static let modeMask: UInt32 = 0o777

    /// True for a directory.
    public var isDirectory: Bool { if case .directory = self { true } else { false } }

    /// Bytes of a file; 0 for all else.
    public var size: UInt64 { if case .file(_, let size, _) = self { size } else { 0 } }

    /// Nil for a link.
    public var mode: UInt16? {
        switch self {
        case .file(_, _, let mode), .directory(let mode): mode
        case .link: nil
        }
    }

    /// For people: "file", "directory", "link".
    public var kindName: String {
        switch self {
        case .file: "file"
        case .directory: "directory"
        case .link: "link"
        }
    }
}

/// What tells that a file has not been touched since its content was hashed.
public struct FileStamp: Hashable, Sendable {
    var size: UInt64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// Nanoseconds since 1970; no program can set it.
    var changed: Int64
    var inode: UInt64
}

/// One path of one side of a workspace.
public struct SideEntry: Hashable, Sendable {
    /// What is known of it.
    public enum State: Hashable, Sendable {
        case node(TreeNode)
        /// It is there, and a rule says to leave it alone.
        case held(reason: String)
    }

    public var path: TreePath
    public var state: State
    /// Of regular files: as they were when their content was read. Of a sandbox's links: as they were seen.
    var stamp: FileStamp?
    /// The content was read long enough after the last change for the stamp to prove, later, that it is still the same.
    var isSettled = false
    /// Nanoseconds since 1970.
    var modified: Int64

    /// Creates an entry.
    public init(_ path: TreePath, _ state: State, modified: Int64 = 0) {
        self.init(path, state, stamp: nil, modified: modified)
    }

    init(_ path: TreePath, _ state: State, stamp: FileStamp?, isSettled: Bool = false, modified: Int64) {
        self.path = path
        self.state = state
        self.stamp = stamp
        self.isSettled = isSettled
        self.modified = modified
    }

    var node: TreeNode? { if case .node(let node) = state { node } else { nil } }

    /// What a change of it inside the sandbox replaces; nil where the backend does not tell.
    var replaced: ReplacedNode? { stamp.flatMap { $0.changed == 0 ? nil : .node(changed: $0.changed, inode: $0.inode) } }
}

/// One path that both sides agreed on.
public struct BaseEntry: Hashable, Sendable {
    public var path: TreePath
    /// What both sides had last; nil when they agreed on nothing yet.
    public var node: TreeNode?
    /// What was being written into the sandbox when the record was made: the sandbox has this or `node`, and nobody knows which.
    public var underWay: Pending?
    var hostStamp: FileStamp?
    var sandboxStamp: FileStamp?

    /// A state that a push was about to bring about.
    public enum Pending: Hashable, Sendable {
        case node(TreeNode)
        case absent
    }

    /// Creates an entry.
    public init(_ path: TreePath, _ node: TreeNode?, underWay: Pending? = nil) {
        self.path = path
        self.node = node
        self.underWay = underWay
    }
}
