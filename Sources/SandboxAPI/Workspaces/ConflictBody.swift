import SandboxCore
public import SandboxWorkspace
import SystemPackage

/// A path that both sides of a synced workspace changed. Times are milliseconds since 1970.
public struct ConflictBody: Sendable, Codable, Equatable {
    /// `cfl-` and twelve hexadecimal digits.
    public var id: String
    public var path: WirePath
    /// For people.
    public var reason: String
    public var createdAt: Int64
    /// The side whose version gave way by the session's policy and is only kept.
    public var loser: WorkspaceSide?
    /// What both sides had last; nil when that was nothing.
    public var base: Node?
    public var host: Node?
    public var sandbox: Node?
    /// The versions that can be downloaded; nil in a report.
    public var versions: [ConflictVersion]?

    /// What a side has at the path.
    public struct Node: Sendable, Codable, Equatable {
        /// "file", "directory" or "link".
        public var kind: String
        /// Bytes of a file.
        public var size: UInt64
        public var mode: UInt16?
        /// Of a link.
        public var target: WirePath?

        init(_ node: TreeNode) throws {
            kind = node.kindName
            size = node.size
            mode = node.mode
            if case .link(let target) = node { self.target = WirePath(try FilePath(bytes: target)) }
        }
    }

    /// Tells a conflict. Throws only for a path that no system has.
    public init(_ conflict: WorkspaceConflict, versions: [ConflictVersion]? = nil) throws {
        id = conflict.id
        path = try WirePath(conflict.path)
        reason = conflict.reason
        createdAt = conflict.createdAt / 1_000_000
        loser = conflict.loser
        base = try conflict.base.map { try Node($0) }
        host = try conflict.host.map { try Node($0) }
        sandbox = try conflict.sandbox.map { try Node($0) }
        self.versions = versions
    }
}

/// What is not settled, by path.
public struct ConflictList: Sendable, Codable, Equatable {
    public var conflicts: [ConflictBody]
    /// Creates a list.
    public init(conflicts: [ConflictBody]) { self.conflicts = conflicts }
}

extension WirePath {
    /// Wraps a path of a workspace.
    init(_ path: TreePath) throws { self.init(try FilePath(bytes: path.bytes)) }
}
