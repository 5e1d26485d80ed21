import SandboxCore
import Testing

@testable import SandboxWorkspace

/// A generator that gives the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A tree as a model: paths and nodes, always with the folders that the paths need.
struct ModelTree: Equatable {
    var nodes: [TreePath: TreeNode] = [:]

    var entries: [SideEntry] { nodes.keys.sorted().map { SideEntry($0, .node(nodes[$0] ?? .directory(mode: 0o755))) } }
    var base: [BaseEntry] { nodes.keys.sorted().map { BaseEntry($0, nodes[$0]) } }

    /// Every folder of a path is there and is a folder.
    var isTree: Bool { nodes.keys.allSatisfy { path in path.parent.map { nodes[$0]?.isDirectory == true } ?? true } }

    static func file(_ number: UInt64, mode: UInt16 = 0o644) -> TreeNode {
        .file(digest: ContentDigest(words: (number, 0, 0, 0)), size: number, mode: mode)
    }

    mutating func remove(_ path: TreePath) { nodes = nodes.filter { $0.key != path && !$0.key.isBelow(path) } }

    mutating func set(_ path: TreePath, _ node: TreeNode) {
        if !node.isDirectory || nodes[path]?.isDirectory != true { remove(path) }
        var parent = path.parent
        while let folder = parent {
            if nodes[folder]?.isDirectory != true { nodes[folder] = .directory(mode: 0o755) }
            parent = folder.parent
        }
        nodes[path] = node
    }

    mutating func edit(_ random: inout SeededGenerator, times: Int) {
        let names = ["a", "b", "a-b", "c"]
        for _ in 0..<times {
            let depth = Int.random(in: 1...3, using: &random)
            let text = (0..<depth).map { _ in names.randomElement(using: &random) ?? "a" }.joined(separator: "/")
            guard let path = TreePath(text) else { continue }
            switch UInt64.random(in: 0..<10, using: &random) {
            case 0, 1: remove(path)
            case 2: set(path, .directory(mode: 0o755))
            case 3: set(path, .link(target: Array("x\(UInt64.random(in: 0..<3, using: &random))".utf8)))
            case 4: if case .file(let digest, let size, _)? = nodes[path] { nodes[path] = .file(digest: digest, size: size, mode: 0o755) }
            default: set(path, Self.file(.random(in: 1..<6, using: &random)))
            }
        }
    }

    /// What a side becomes when its changes are made, in the order in which they are made for real.
    mutating func apply(_ decisions: [Decision], on side: WorkspaceSide) {
        for decision in decisions.reversed() {
            switch decision.change(on: side) {
            case .delete?, .retype?: nodes[decision.path] = nil
            default: break
            }
        }
        for decision in decisions {
            guard decision.change(on: side) != nil, case .agreed(let node) = decision.verdict else { continue }
            nodes[decision.path] = node
        }
    }
}

@Suite("Comparing three trees", .timeLimit(.minutes(10)))
struct ComparisonTests {
    private func path(_ text: String) -> TreePath { TreePath(text) ?? TreePath(unchecked: [97]) }

    @Test("no edit is lost, what agrees becomes equal, and the result is a tree", arguments: UInt64(0)..<8)
    func randomTrees(block: UInt64) {
        for seed in (block * 60)..<((block + 1) * 60) {
            var random = SeededGenerator(state: seed)
            var base = ModelTree()
            base.edit(&random, times: 12)
            var (host, sandbox) = (base, base)
            host.edit(&random, times: Int.random(in: 0...5, using: &random))
            sandbox.edit(&random, times: Int.random(in: 0...5, using: &random))
            for policy in WorkspaceSync.ConflictPolicy.allCases {
                check(base, host, sandbox, policy, seed)
            }
        }
    }

    private func check(_ base: ModelTree, _ host: ModelTree, _ sandbox: ModelTree, _ policy: WorkspaceSync.ConflictPolicy, _ seed: UInt64) {
        let decisions = Comparison.decide(base: base.base, host: host.entries, sandbox: sandbox.entries, policy: policy)
        var (newHost, newSandbox) = (host, sandbox)
        newHost.apply(decisions, on: .host)
        newSandbox.apply(decisions, on: .sandbox)
        #expect(newHost.isTree && newSandbox.isTree, "seed \(seed), \(policy)")
        for decision in decisions {
            let path = decision.path
            // An edit is lost when a side had something new that is nowhere any more, and nobody was told.
            for (side, own) in [(WorkspaceSide.host, decision.host), (.sandbox, decision.sandbox)] {
                guard let own, own != decision.base, !own.isDirectory, decision.loser != side else { continue }
                let kept = newHost.nodes[path] == own || newSandbox.nodes[path] == own
                let merged = newHost.nodes[path].map { Self.isMerge($0, of: own, decision.base) } ?? false
                #expect(kept || merged, "seed \(seed), \(policy): \(side)'s \(path) is lost: \(decision)")
            }
            if case .agreed = decision.verdict {
                #expect(newHost.nodes[path] == newSandbox.nodes[path], "seed \(seed), \(policy): \(decision)")
            } else {
                #expect(newHost.nodes[path] == decision.host && newSandbox.nodes[path] == decision.sandbox, "seed \(seed): \(decision)")
                #expect(policy == .ask, "seed \(seed): a policy leaves nothing open")
            }
        }
        // Again, with what both agree on as the base: nothing is left to do but what was left open.
        var agreed = ModelTree(nodes: newHost.nodes.filter { newSandbox.nodes[$0.key] == $0.value })
        for decision in decisions where newHost.nodes[decision.path] != newSandbox.nodes[decision.path] {
            agreed.nodes[decision.path] = decision.base
        }
        let again = Comparison.decide(base: agreed.base, host: newHost.entries, sandbox: newSandbox.entries, policy: policy)
        for decision in again {
            #expect(decision.change(on: .host) == nil && decision.change(on: .sandbox) == nil, "seed \(seed), \(policy): \(decision)")
        }
    }

    /// One side's content with the other's mode.
    private static func isMerge(_ node: TreeNode, of own: TreeNode, _ base: TreeNode?) -> Bool {
        guard case .file(let digest, _, let mode) = node, case .file(let ownDigest, _, let ownMode) = own else { return false }
        if digest == ownDigest { return true }
        // Only the mode was changed, and the mode is there.
        if case .file(let baseDigest, _, _)? = base { return ownDigest == baseDigest && mode == ownMode }
        return false
    }

    @Test("a push that was cut off leaves no false conflict")
    func underWay() throws {
        let (old, new, edited) = (ModelTree.file(1), ModelTree.file(2), ModelTree.file(3))
        let base = [BaseEntry(path("f"), old, underWay: .node(new))]
        func verdict(_ host: TreeNode, _ sandbox: TreeNode) -> Decision.Verdict? {
            Comparison.decide(base: base, host: [SideEntry(path("f"), .node(host))], sandbox: [SideEntry(path("f"), .node(sandbox))]).first?
                .verdict
        }
        #expect(verdict(new, new) == .agreed(new))
        #expect(verdict(new, old) == .agreed(new))
        // The host went back meanwhile: that is its edit, and it counts.
        #expect(verdict(old, new) == .agreed(old))
        #expect(verdict(new, edited) == .conflict)
    }

    @Test("what a rule holds keeps everything below it, and the folders above, as they are")
    func held() {
        let base = [
            BaseEntry(path("d"), .directory(mode: 0o755)), BaseEntry(path("d/x"), .directory(mode: 0o755)),
            BaseEntry(path("d/x/f"), ModelTree.file(1)),
        ]
        let host = [
            SideEntry(path("d"), .node(.directory(mode: 0o755))), SideEntry(path("d/x"), .node(.directory(mode: 0o755))),
            SideEntry(path("d/x/f"), .node(ModelTree.file(1))),
        ]
        let sandbox = [SideEntry(path("d"), .node(.directory(mode: 0o755))), SideEntry(path("d/x"), .held(reason: "a FIFO"))]
        let decisions = Comparison.decide(base: base, host: host, sandbox: sandbox)
        #expect(decisions.allSatisfy { $0.change(on: .host) == nil && $0.change(on: .sandbox) == nil })
    }

    @Test("an index comes back as it was written")
    func indexCoding() throws {
        var random = SeededGenerator(state: 7)
        var tree = ModelTree()
        tree.edit(&random, times: 200)
        var entries = tree.base
        for index in entries.indices {
            if index % 3 == 0 { entries[index].underWay = .absent }
            if index % 4 == 0 { entries[index].underWay = .node(ModelTree.file(9)) }
            if index % 2 == 0 { entries[index].hostStamp = FileStamp(size: 1, modified: -5, changed: .max, inode: .max) }
        }
        let index = BaseIndex(entries)
        #expect(try BaseIndex(decoding: index.encoded()) == index)
        #expect(throws: SandboxError.self) { try BaseIndex(decoding: index.encoded().dropLast()) }
    }

    @Test("an index comes back from an older one and what changed since")
    func indexChanges() throws {
        var random = SeededGenerator(state: 11)
        var tree = ModelTree()
        var old = BaseIndex()
        for round in 0..<200 {
            tree.edit(&random, times: Int.random(in: 0...20, using: &random))
            var entries = tree.base
            if round % 3 == 0, !entries.isEmpty { entries[Int.random(in: 0..<entries.count, using: &random)].underWay = .absent }
            let new = BaseIndex(entries)
            let changes = try BaseIndex(decoding: new.changes(since: old).encoded())
            #expect(old.applying(changes) == new)
            #expect(new.changes(since: new).entries.isEmpty)
            old = new
        }
    }
}

extension BaseIndex {
    fileprivate init(decoding bytes: ArraySlice<UInt8>) throws { try self.init(decoding: Array(bytes)) }
}
