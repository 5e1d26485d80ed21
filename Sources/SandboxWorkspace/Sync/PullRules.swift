import Glibc

/// What the host does not take from a sandbox by itself, whatever the trees say.
struct PullRules {
    /// The host's file system takes `A` and `a` for the same name.
    let ignoresCase: Bool
    private let hostNames: [String: TreePath]

    init(ignoresCase: Bool, host: [SideEntry]) {
        self.ignoresCase = ignoresCase
        hostNames =
            ignoresCase ? Dictionary(host.map { (Self.folded($0.path), $0.path) }, uniquingKeysWith: { first, _ in first }) : [:]
    }

    /// Why a decision's change of the host is not made; nil when it may be.
    func refusal(_ decision: Decision) -> String? {
        guard let change = decision.change(on: .host) else { return nil }
        let path = decision.path
        if Self.isGitControl(path) { return "git would obey it on the host" }
        guard change != .delete, case .agreed(let wanted?) = decision.verdict else { return nil }
        if change == .create {
            if path.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "its name holds a control character" }
            if path.name.count > 255 || path.bytes.count > 4000 { return "its name is too long" }
            if ignoresCase, let other = hostNames[Self.folded(path)], other != path { return "on the host '\(other)' is the same name" }
        }
        if case .link(let target) = wanted, !Self.staysInside(target, of: path) { return "the link leads out of the workspace" }
        return nil
    }

    private static let gitControl: Set<String> = ["config", "config.worktree", "hooks", "commondir", "gitdir"]

    /// Files by which a repository makes git run programs or look elsewhere, in any repository of the tree.
    static func isGitControl(_ path: TreePath) -> Bool {
        let words = path.parts.map { String(decoding: $0, as: UTF8.self).lowercased() }
        guard let git = words.firstIndex(of: ".git") else { return false }
        let below = words[(git + 1)...]
        guard let first = below.first else { return false }
        switch first {
        case "info": return below.dropFirst().first.map { $0 != "exclude" } ?? false
        case "objects": return below.dropFirst().prefix(2) == ["info", "alternates"]
        // A submodule's repository and a worktree's have their own.
        case "modules", "worktrees": return below.dropFirst().contains { gitControl.contains($0) }
        default: return gitControl.contains(first)
        }
    }

    /// Whether a link's target, read from its folder, stays below the root. Links on the way are not followed: what looks inside may still lead
    /// out, but only over another link, which was judged itself.
    static func staysInside(_ target: [UInt8], of path: TreePath) -> Bool {
        guard let first = target.first, first != TreePath.slash, !target.contains(0) else { return false }
        var depth = path.parts.count - 1
        for part in target.split(separator: TreePath.slash) {
            switch String(decoding: part, as: UTF8.self) {
            case ".": continue
            case "..":
                depth -= 1
                if depth < 0 { return false }
            default: depth += 1
            }
        }
        return true
    }

    /// What a file system that ignores case takes for the same.
    static func folded(_ path: TreePath) -> String { path.description.lowercased() }

    /// Whether a tree's file system ignores case: asked of names that are there.
    static func ignoresCase(_ tree: HostTree, _ entries: [SideEntry]) -> Bool {
        let names = Set(entries.lazy.map(\.path))
        for entry in entries.prefix(200) {
            let swapped = entry.path.bytes.map { byte -> UInt8 in
                switch byte {
                case 0x41...0x5A: byte + 0x20
                case 0x61...0x7A: byte - 0x20
                default: byte
                }
            }
            let other = TreePath(unchecked: swapped)
            if other == entry.path || names.contains(other) { continue }
            return tree.status(other) != nil
        }
        return false
    }
}
