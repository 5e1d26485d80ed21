import Glibc
public import SandboxCore
import SandboxProcess
public import SystemPackage

/// Keeps a directory of the host and the workspace of a sandbox in step.
///
/// The caller keeps the base index durable (`save`), and lets one synchronizer at a time work on a workspace. Whatever point it is killed at: no
/// file is half written on either side, no change is lost, and the next call goes on from there.
public struct WorkspaceSynchronizer: Sendable {
    /// Makes an index durable before it returns.
    public typealias Save = @Sendable (BaseIndex) async throws -> Void

    public let sync: WorkspaceSync
    let files: any SandboxFileSystem
    /// The workspace inside.
    let root: FilePath
    /// A directory of ours for this workspace: staging and conflicts.
    let place: FilePath
    /// Told now and then.
    let progress: @Sendable (SyncProgress) -> Void

    /// A synchronizer for a sandbox's files; `place` is a private directory on the host that need not exist.
    public init(
        _ sync: WorkspaceSync, files: any SandboxFileSystem, root: FilePath, place: FilePath,
        progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) {
        self.sync = sync
        self.files = files
        self.root = root
        self.place = place
        self.progress = progress
    }

    /// What is kept of both sides' clashes.
    public var conflicts: ConflictStore { ConflictStore(place.appending("conflicts")) }

    /// Finishes what a crash left of a pull: no sandbox is needed for that. Returns the index that is right afterwards.
    public static func recover(_ directory: FilePath, place: FilePath, base: BaseIndex, save: Save) async throws -> BaseIndex {
        let left = Staging.places(preferred: place, root: directory).filter { HostDirectory.exists($0) }
        guard !left.isEmpty else { return base }
        var base = base
        let tree = try HostTree(directory)
        for path in left {
            let staging = Staging(path: path)
            if let journal = try staging.journal() {
                let bag = try Descriptors.directory(path)
                let missed = try await WorkThread.run { _ in Applier(tree: tree, bag: bag).run(journal) }
                var changes: [TreePath: BaseEntry?] = [:]
                for result in journal.results where missed[result.path] == nil {
                    changes[result.path] = .some(result.node.map { BaseEntry(result.path, $0) })
                }
                base.update(changes)
                try await save(base)
            }
            try await staging.remove(tree)
        }
        return base
    }

    /// Looks at both sides and changes neither.
    public func compare(_ base: BaseIndex) async throws -> SyncReport {
        progress(SyncProgress(phase: .looking, files: 0, bytes: 0))
        let snapshot = try await Snapshot.take(self, try HostTree(sync.directory), base, keep: nil)
        var report = report(snapshot)
        report.conflicts = clashes(snapshot)
        report.changes = changes(snapshot, on: .host)
        report.pending = changes(snapshot, on: .sandbox)
        return report
    }

    /// A number that is the same, within one process, as long as the host's tree is.
    public func hostFingerprint(_ base: BaseIndex) async throws -> Int {
        let tree = try HostTree(sync.directory)
        return try await WorkThread.run { [sync] stop in
            var scanner = HostScanner(tree, sync, base: base, stop: stop)
            var hasher = Hasher()
            for entry in try scanner.run().entries { hasher.combine(SideEntry(entry.path, entry.state)) }
            return hasher.finalize()
        }
    }

    // MARK: Reports

    func report(_ snapshot: Snapshot) -> SyncReport {
        var report = SyncReport()
        report.ignored = max(snapshot.host.ignored, snapshot.sandbox.ignored)
        report.readFiles = snapshot.host.hashedFiles + snapshot.sandbox.hashedFiles
        report.readBytes = snapshot.host.hashedBytes &+ snapshot.sandbox.hashedBytes
        report.total = snapshot.decisions.count { $0.host != nil && $0.host == $0.sandbox }
        for decision in snapshot.decisions {
            if case .held(let reason) = decision.verdict { report.refused.append(.init(path: decision.path, reason: reason)) }
        }
        return report
    }

    /// What is to be changed on a side, as far as the direction lets it.
    func changes(_ snapshot: Snapshot, on side: WorkspaceSide) -> [SyncReport.Change] {
        guard allows(side, snapshot) else { return [] }
        return snapshot.decisions.compactMap { decision in
            guard let change = decision.change(on: side), case .agreed(let wanted) = decision.verdict else { return nil }
            let old = side == .host ? decision.host : decision.sandbox
            return SyncReport.Change(
                path: decision.path, side: side, change: change, kind: (wanted ?? old)?.kindName ?? "file", size: wanted?.size ?? 0)
        }
    }

    /// The first push fills the sandbox whatever the direction.
    func allows(_ side: WorkspaceSide, _ snapshot: Snapshot) -> Bool {
        switch (sync.direction, side) {
        case (.both, _), (.push, .sandbox), (.pull, .host): true
        case (.push, .host): false
        case (.pull, .sandbox): snapshot.decisions.allSatisfy { $0.base == nil }
        }
    }

    /// What is kept aside: clashes, losers of a policy, and what a rule keeps from the host.
    func clashes(_ snapshot: Snapshot) -> [WorkspaceConflict] {
        let now = HostStatus.now()
        return snapshot.decisions.compactMap { decision in
            switch decision.verdict {
            case .conflict:
                guard decision.host != decision.sandbox else { return nil }
                return WorkspaceConflict(decision, reason: "both sides changed it", createdAt: now)
            case .agreed where decision.loser != nil:
                let winner = decision.loser == .host ? "sandbox" : "host"
                return WorkspaceConflict(decision, reason: "both sides changed it; the \(winner)'s version counts", createdAt: now)
            case .held(let reason) where snapshot.isVetoed(decision):
                return WorkspaceConflict(decision, reason: reason, createdAt: now)
            default: return nil
            }
        }
    }
}
