import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Both sides of a workspace as they were at one look, and what shall become of every path.
struct Snapshot {
    let tree: HostTree
    var host: HostScan
    var sandbox: SandboxScan
    var decisions: [Decision] = []
    private let rules: PullRules

    /// Looks at both sides at the same time. Content that the sandbox has to send for that is kept in `keep`.
    static func take(_ work: WorkspaceSynchronizer, _ tree: HostTree, _ base: BaseIndex, keep: ContentBag?) async throws -> Snapshot {
        let sync = work.sync
        async let first = SandboxLook.begin(work.files, work.root, base)
        async let looking = WorkThread.run { stop in
            var scanner = HostScanner(tree, sync, base: base, stop: stop)
            return (try scanner.run(), scanner.gitExclude)
        }
        var (host, gitExclude) = try await looking
        let scanner = SandboxScanner(
            files: work.files, root: work.root, sync: sync, base: base, hostIgnoreFiles: host.ignoreFiles, gitExclude: gitExclude,
            keep: keep, tree: tree)
        let look = try await SandboxLook.take(
            work.files, work.root, try await first, base, rules: IgnoreRules(sync, gitExclude: gitExclude), ignoreFiles: host.ignoreFiles)
        let sandbox = try await scanner.run(look)
        if !sandbox.ownIgnoreFiles.isEmpty {
            // What only the other side's rules leave out is left alone here too: it may be there unseen.
            var walk = RuleWalk(
                IgnoreRules(sync, gitExclude: gitExclude), host.ignoreFiles.merging(sandbox.ownIgnoreFiles) { $1 })
            host.entries.removeAll { walk.ignores($0.path, isDirectory: $0.node?.isDirectory == true) && !base.holdsAnything(at: $0.path) }
        }
        return Snapshot(tree, host, sandbox, base, sync)
    }

    private init(_ tree: HostTree, _ host: HostScan, _ sandbox: SandboxScan, _ base: BaseIndex, _ sync: WorkspaceSync) {
        self.tree = tree
        self.host = host
        self.sandbox = sandbox
        rules = PullRules(ignoresCase: PullRules.ignoresCase(tree, host.entries), host: host.entries)
        decide(base, sync)
    }

    /// Decides, again when entries were read once more.
    mutating func decide(_ base: BaseIndex, _ sync: WorkspaceSync) {
        decisions = Comparison.decide(
            base: base.entries, host: host.entries, sandbox: sandbox.entries, policy: sync.conflicts,
            veto: sync.direction == .push ? { _ in nil } : rules.refusal)
    }

    func hostEntry(_ path: TreePath) -> SideEntry? { host.entries.element(at: path) }
    func sandboxEntry(_ path: TreePath) -> SideEntry? { sandbox.entries.element(at: path) }

    /// Whether a decision is one that a rule keeps from the host although the sandbox has something new there.
    func isVetoed(_ decision: Decision) -> Bool {
        guard case .held = decision.verdict, decision.sandbox != decision.base, decision.sandbox != decision.host else { return false }
        return hostEntry(decision.path).map { if case .held = $0.state { false } else { true } } ?? true
    }

    /// What both sides have in common once the paths in `done` are the same on both; `sent` is what really went into the sandbox.
    func base(
        after old: BaseIndex, doneOnHost: Set<TreePath>, doneInSandbox: [TreePath: TreeNode?], sandboxStamps: [TreePath: FileStamp],
        merged: Set<TreePath> = []
    ) -> BaseIndex {
        var entries: [BaseEntry] = []
        entries.reserveCapacity(decisions.count)
        var (hosts, sandboxes, olds) = (PathCursor(host.entries), PathCursor(sandbox.entries), PathCursor(old.entries))
        for decision in decisions {
            let path = decision.path
            var entry = BaseEntry(path, decision.base)
            switch decision.verdict {
            case .agreed(let wanted):
                let isOnHost = decision.host == wanted || doneOnHost.contains(path)
                let sent = doneInSandbox.isEmpty ? nil : doneInSandbox[path]
                let isInSandbox = decision.sandbox == wanted || sent != nil
                if isOnHost && isInSandbox { entry.node = sent ?? wanted }
                // The host's version holds the sandbox's changes: what the sandbox lacks is the host's edit of what the sandbox has.
                if isOnHost && merged.contains(path) { entry.node = decision.sandbox }
            case .conflict, .held, .waiting:
                if let known = olds.element(at: path), let underWay = known.underWay {
                    let pushed: TreeNode? = if case .node(let node) = underWay { node } else { nil }
                    if decision.sandbox != pushed && decision.sandbox != known.node { entry.underWay = underWay }
                }
            }
            guard entry.node != nil || entry.underWay != nil else { continue }
            Self.stamp(
                &entry, hosts.element(at: path), sandboxes.element(at: path), pushed: sandboxStamps.isEmpty ? nil : sandboxStamps[path])
            entries.append(entry)
        }
        return BaseIndex(entries)
    }

    /// A stamp proves that a file still has the base's content.
    private static func stamp(_ entry: inout BaseEntry, _ host: SideEntry?, _ sandbox: SideEntry?, pushed: FileStamp?) {
        if case .link? = entry.node {
            // Told by no content: it proves that the link is the one that was seen.
            entry.sandboxStamp = sandbox.flatMap { $0.node == entry.node ? $0.stamp : nil }
        }
        guard case .file(let digest, let size, _)? = entry.node else { return }
        func proves(_ side: SideEntry?) -> FileStamp? {
            guard let side, side.isSettled, case .file(let own, let ownSize, _)? = side.node, own == digest, ownSize == size else {
                return nil
            }
            return side.stamp
        }
        entry.hostStamp = proves(host)
        entry.sandboxStamp = pushed ?? proves(sandbox)
    }
}
