/// The two trees of a synced workspace.
public enum WorkspaceSide: String, Sendable, Codable, CaseIterable {
    case host
    case sandbox
}

/// What shall become of one path on which the three trees do not all agree, or which is not in the base yet.
public struct Decision: Sendable, Equatable {
    /// The outcome of a comparison.
    public enum Verdict: Sendable, Equatable {
        /// Both sides shall have this; nil is nothing.
        case agreed(TreeNode?)
        /// Both sides changed it in ways that do not fit together. Nothing is touched.
        case conflict
        /// A rule says to leave it alone on both sides.
        case held(reason: String)
        /// A directory that stays as it is on each side because something below it does.
        case waiting
    }

    public var path: TreePath
    public var base: TreeNode?
    public var host: TreeNode?
    public var sandbox: TreeNode?
    public var verdict: Verdict
    /// The side whose change gives way to the other's by the session's policy; its version is kept aside first.
    public var loser: WorkspaceSide?

    /// What is to be made of the path on a side; nil when it is as it shall be.
    public func change(on side: WorkspaceSide) -> NodeChange? {
        guard case .agreed(let wanted) = verdict else { return nil }
        return NodeChange(from: side == .host ? host : sandbox, to: wanted)
    }
}

/// What is done to one path of one side.
public enum NodeChange: String, Sendable, Codable, CaseIterable {
    case create
    case modify
    case delete
    /// Permission bits only.
    case chmod
    /// One kind of node gives way to another.
    case retype

    /// Nil when nothing is to be done.
    init?(from old: TreeNode?, to new: TreeNode?) {
        switch (old, new) {
        case (nil, nil): return nil
        case (nil, _?): self = .create
        case (_?, nil): self = .delete
        case (let old?, let new?) where old == new: return nil
        case (.file(let old, _, _)?, .file(let new, _, _)?): self = old == new ? .chmod : .modify
        case (.directory?, .directory?): self = .chmod
        case (.link?, .link?): self = .modify
        default: self = .retype
        }
    }
}
