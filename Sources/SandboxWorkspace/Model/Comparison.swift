public import SandboxCore

/// Compares what both sides agreed on last with what each has now. A pure function: the same trees give the same decisions.
///
/// No decision loses an edit: where both sides changed something in different ways the verdict is `conflict`, unless the policy names a winner,
/// and then the decision names the loser whose version is to be kept first.
public struct Comparison {
    private let policy: WorkspaceSync.ConflictPolicy
    private var decisions: [Decision] = []

    /// Decisions for every path that any tree has, in the order of paths. All three must be in that order, without repetitions. `veto` may give a
    /// reason to leave a path alone after all.
    public static func decide(
        base: [BaseEntry], host: [SideEntry], sandbox: [SideEntry], policy: WorkspaceSync.ConflictPolicy = .ask,
        veto: (Decision) -> String? = { _ in nil }
    ) -> [Decision] {
        var comparison = Comparison(policy: policy)
        comparison.merge(base, host, sandbox)
        for index in comparison.decisions.indices {
            if let reason = veto(comparison.decisions[index]) { comparison.decisions[index].verdict = .held(reason: reason) }
        }
        comparison.freezeBelowWhatIsHeld()
        comparison.settleClashes()
        comparison.keepFoldersOfWhatStays()
        return comparison.decisions
    }

    private init(policy: WorkspaceSync.ConflictPolicy) { self.policy = policy }

    // MARK: Path by path

    private mutating func merge(_ base: [BaseEntry], _ host: [SideEntry], _ sandbox: [SideEntry]) {
        var (b, h, s) = (0, 0, 0)
        decisions.reserveCapacity(max(base.count, host.count, sandbox.count))
        while b < base.count || h < host.count || s < sandbox.count {
            var path: TreePath?
            func earlier(_ next: TreePath) { if path.map({ next < $0 }) ?? true { path = next } }
            if b < base.count { earlier(base[b].path) }
            if h < host.count { earlier(host[h].path) }
            if s < sandbox.count { earlier(sandbox[s].path) }
            guard let path else { return }
            var (baseEntry, hostEntry, sandboxEntry): (BaseEntry?, SideEntry?, SideEntry?)
            if b < base.count, base[b].path == path { (baseEntry, b) = (base[b], b + 1) }
            if h < host.count, host[h].path == path { (hostEntry, h) = (host[h], h + 1) }
            if s < sandbox.count, sandbox[s].path == path { (sandboxEntry, s) = (sandbox[s], s + 1) }
            decisions.append(decide(path, baseEntry, hostEntry, sandboxEntry))
        }
    }

    private func decide(_ path: TreePath, _ base: BaseEntry?, _ host: SideEntry?, _ sandbox: SideEntry?) -> Decision {
        var decision = Decision(
            path: path, base: base?.node, host: host?.node, sandbox: sandbox?.node, verdict: .conflict, loser: nil)
        if case .held(let reason)? = host?.state ?? sandbox?.state {
            decision.verdict = .held(reason: reason)
            return decision
        }
        if host != nil, case .held(let reason)? = sandbox?.state {
            decision.verdict = .held(reason: reason)
            return decision
        }
        // A push that was cut off leaves one of two states inside; anything else is an edit of nobody knows which of them.
        if let underWay = base?.underWay {
            let pushed: TreeNode? = if case .node(let node) = underWay { node } else { nil }
            if decision.sandbox == pushed {
                decision.base = pushed
            } else if decision.sandbox != decision.base {
                if decision.host == decision.sandbox { decision.verdict = .agreed(decision.host) } else { settle(&decision) }
                return decision
            }
        }
        if let agreed = Self.agreement(decision.base, decision.host, decision.sandbox) {
            decision.verdict = .agreed(agreed.node)
        } else {
            settle(&decision)
        }
        return decision
    }

    /// What both sides shall have; nothing is a state too.
    private struct Agreement { var node: TreeNode? }

    /// Nil when the changes do not fit together.
    private static func agreement(_ base: TreeNode?, _ host: TreeNode?, _ sandbox: TreeNode?) -> Agreement? {
        if host == sandbox || sandbox == base { return Agreement(node: host) }
        if host == base { return Agreement(node: sandbox) }
        switch (base, host, sandbox) {
        case (_, .directory(let mine)?, .directory(let theirs)?):
            return Agreement(node: .directory(mode: merged(base?.isDirectory == true ? base?.mode : nil, mine, theirs)))
        case (.directory?, let other, nil), (.directory?, nil, let other):
            // A removed directory is no edit of what took its place; one that only got another mode goes, unless something in it stays.
            return Agreement(node: other?.isDirectory == true ? nil : other)
        case (_, .file(let mine, let size, let mode)?, .file(let theirs, let otherSize, let otherMode)?):
            var (baseDigest, baseMode): (ContentDigest?, UInt16?)
            if case .file(let digest, _, let mode)? = base { (baseDigest, baseMode) = (digest, mode) }
            let both = merged(baseMode, mode, otherMode)
            if mine == theirs || theirs == baseDigest { return Agreement(node: .file(digest: mine, size: size, mode: both)) }
            if mine == baseDigest { return Agreement(node: .file(digest: theirs, size: otherSize, mode: both)) }
            return nil
        default: return nil
        }
    }

    /// The host's mode counts when both changed it.
    private static func merged(_ base: UInt16?, _ host: UInt16, _ sandbox: UInt16) -> UInt16 { host == base ? sandbox : host }

    /// Gives a conflict to the side that the policy names.
    private func settle(_ decision: inout Decision) {
        switch policy {
        case .ask: decision.verdict = .conflict
        case .preferHost:
            decision.verdict = .agreed(decision.host)
            decision.loser = .sandbox
        case .preferSandbox:
            decision.verdict = .agreed(decision.sandbox)
            decision.loser = .host
        }
    }

    // MARK: What must fit together as a tree

    private func end(ofTreeAt index: Int) -> Int {
        var end = index + 1
        while end < decisions.count, decisions[end].path.isBelow(decisions[index].path) { end += 1 }
        return end
    }

    private mutating func freezeBelowWhatIsHeld() {
        var index = 0
        while index < decisions.count {
            guard case .held = decisions[index].verdict else {
                index += 1
                continue
            }
            let end = end(ofTreeAt: index)
            for below in (index + 1)..<max(end, index + 1) { decisions[below].verdict = decisions[index].verdict }
            index = end
        }
    }

    /// A file or link cannot stay where something is to stay below it: then all of it is one conflict.
    private mutating func settleClashes() {
        var index = 0
        while index < decisions.count {
            let range = (index + 1)..<max(end(ofTreeAt: index), index + 1)
            guard !range.isEmpty, isClash(index, range) else {
                index += 1
                continue
            }
            if let held = range.first(where: { if case .held = decisions[$0].verdict { true } else { false } }) {
                for place in index..<range.upperBound { decisions[place].verdict = decisions[held].verdict }
            } else {
                for place in index..<range.upperBound where decisions[place].host != decisions[place].sandbox {
                    settle(&decisions[place])
                    // What only the winner touched costs the loser nothing.
                    if decisions[place].loser == .sandbox, decisions[place].sandbox == decisions[place].base {
                        decisions[place].loser = nil
                    }
                    if decisions[place].loser == .host, decisions[place].host == decisions[place].base { decisions[place].loser = nil }
                }
            }
            index = range.upperBound
        }
    }

    private func isClash(_ index: Int, _ range: Range<Int>) -> Bool {
        switch decisions[index].verdict {
        case .agreed(let node?) where !node.isDirectory:
            return range.contains {
                switch decisions[$0].verdict {
                case .agreed(let node): node != nil
                case .conflict, .held: true
                case .waiting: false
                }
            }
        // On one side it is a directory, on the other it is not.
        case .conflict: return decisions[index].host?.isDirectory == true || decisions[index].sandbox?.isDirectory == true
        default: return false
        }
    }

    /// A directory stays where something below it does.
    private mutating func keepFoldersOfWhatStays() {
        var wanted: Set<TreePath> = []
        var untouched: Set<TreePath> = []
        var lastWanted: TreePath?
        for index in decisions.indices.reversed() {
            let path = decisions[index].path
            if case .agreed(nil) = decisions[index].verdict {
                let folder = [decisions[index].host, decisions[index].sandbox, decisions[index].base].compactMap { $0 }.first(
                    where: \.isDirectory)
                if wanted.contains(path) {
                    decisions[index].verdict = .agreed(folder ?? .directory(mode: 0o755))
                    decisions[index].loser = nil
                } else if untouched.contains(path) {
                    decisions[index].verdict = .waiting
                }
            }
            switch decisions[index].verdict {
            case .agreed(nil): break
            case .agreed:
                // Most have the same parent as the one before.
                if lastWanted.map({ path.isChild(of: $0) }) ?? false { continue }
                guard let parent = path.parent else { continue }
                wanted.insert(parent)
                lastWanted = parent
            case .conflict, .held, .waiting: if let parent = path.parent { untouched.insert(parent) }
            }
        }
    }
}
