import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

extension WorkspaceSynchronizer {
    /// Brings the sandbox's changes to the host: all of them are saved on the host's disk first, then moved into place one by one. What the host
    /// changed stays; what both changed is kept on both sides.
    ///
    /// What an earlier pull left behind must have been recovered.
    public func pull(_ old: BaseIndex, save: Save) async throws -> (base: BaseIndex, report: SyncReport) {
        progress(SyncProgress(phase: .looking, files: 0, bytes: 0))
        let tree = try HostTree(sync.directory)
        let staging = try await Staging.make(for: tree, preferred: place)
        do {
            let result = try await pull(old, tree, staging, save: save)
            try await staging.remove(tree)
            return result
        } catch {
            // With a journal the apply has begun: that is finished, not thrown away.
            if (try? staging.journal()) == nil { try? await staging.remove(tree) }
            throw error
        }
    }

    private func pull(
        _ old: BaseIndex, _ tree: HostTree, _ staging: Staging, save: Save
    ) async throws -> (base: BaseIndex, report: SyncReport) {
        let bag = try ContentBag(staging.path) { [progress] files, bytes in
            progress(SyncProgress(phase: .copying, files: files, bytes: bytes))
        }
        var snapshot = try await Snapshot.take(self, tree, old, keep: bag)
        try await fetch(into: bag, &snapshot, old)
        let merged = allows(.host, snapshot) ? try mergeTexts(&snapshot, bag) : []
        var report = report(snapshot)
        report.conflicts = clashes(snapshot)
        report.pending = changes(snapshot, on: .sandbox)
        report.merged = merged.sorted()
        for conflict in report.conflicts { try await keep(conflict, snapshot, bag) }

        let wanted = allows(.host, snapshot) ? snapshot.decisions.filter { $0.change(on: .host) != nil } : []
        let plan = try StepPlan(wanted, snapshot, bag)
        var missed = plan.unprepared
        if !plan.steps.isEmpty {
            progress(SyncProgress(phase: .applying, files: plan.steps.count, bytes: 0))
            let journal = ApplyJournal(steps: plan.steps, results: plan.results)
            let refused = try await WorkThread.run { _ in
                try staging.write(journal)
                return Applier(tree: tree, bag: bag.directory).run(journal)
            }
            missed.merge(refused) { first, _ in first }
        }
        let done = Set(wanted.map(\.path).filter { missed[$0] == nil })
        let base = snapshot.base(after: old, doneOnHost: done, doneInSandbox: [:], sandboxStamps: [:], merged: merged)
        try await keepTexts(base, old, snapshot)
        if base != old { try await save(base) }
        report.missed = missed.map { .init(path: $0, reason: $1) }.sorted { $0.path < $1.path }
        report.changes = changes(snapshot, on: .host).filter { done.contains($0.path) }
        report.movedFiles = bag.count
        report.movedBytes = bag.movedBytes
        return (base, report)
    }

    /// Brings out what is needed and was not brought out to be compared. A file that turns out to have changed meanwhile is decided on again.
    private func fetch(into bag: ContentBag, _ snapshot: inout Snapshot, _ base: BaseIndex) async throws {
        for _ in 0..<3 {
            let places = snapshot.decisions.compactMap { decision -> Int? in
                guard case .file(let digest, _, _)? = decision.sandbox, bag[decision.path]?.digest != digest else { return nil }
                switch decision.verdict {
                case .agreed(let wanted):
                    guard decision.change(on: .host) != nil || decision.loser == .sandbox else { return nil }
                    // Only the mode changes, or the host has it already.
                    if case .file(digest, _, _)? = decision.host { return nil }
                    if case .file(digest, _, _)? = wanted {} else if decision.loser != .sandbox { return nil }
                case .conflict: if decision.host == decision.sandbox { return nil }
                case .held: guard snapshot.isVetoed(decision) else { return nil }
                case .waiting: return nil
                }
                let place = snapshot.sandbox.entries.place(of: decision.path)
                return place < snapshot.sandbox.entries.count && snapshot.sandbox.entries[place].path == decision.path ? place : nil
            }
            guard !places.isEmpty else { return }
            let clock = await SandboxClock.now(files, root)
            try await Reading(files: files, root: root, keep: bag, clock: clock, tree: snapshot.tree).read(places, of: &snapshot.sandbox)
            snapshot.decide(base, sync)
        }
    }

    // MARK: What is kept aside

    /// Keeps a clash with the content of whichever side is not left where it is.
    private func keep(_ conflict: WorkspaceConflict, _ snapshot: Snapshot, _ bag: ContentBag) async throws {
        try await conflicts.keep(conflict) { folder in
            if case .file(let digest, _, _)? = conflict.sandbox, let item = bag[conflict.path], item.digest == digest {
                try ConflictStore.copy(try bag.file(item.number), to: folder.appending(WorkspaceSide.sandbox.rawValue))
            }
            try keepHost(conflict, snapshot.tree, folder)
            if sync.mergesText, case .file(let digest, _, _)? = conflict.base, let text = texts.text(digest) {
                try HostDirectory.replace(folder.appending(ConflictStore.baseName), with: text)
            }
        }
    }

    private func keepHost(_ conflict: WorkspaceConflict, _ tree: HostTree, _ folder: FilePath) throws {
        guard conflict.loser == .host, case .file? = conflict.host else { return }
        guard let file = tree.file(conflict.path) else { throw SandboxError.system("keeping the host's \(conflict.path)", errno) }
        try ConflictStore.copy(file, to: folder.appending(WorkspaceSide.host.rawValue))
    }

    /// Before a push writes over something inside that the policy lets lose.
    func keepLosers(of decisions: [Decision], _ snapshot: Snapshot) async throws {
        let losers = Set(decisions.filter { $0.loser == .sandbox }.map(\.path))
        guard !losers.isEmpty else { return }
        let folder = place.appending("keeping")
        try await HostDirectory.remove(folder)
        try HostDirectory.ensure(folder, mode: 0o700)
        var scan = snapshot.sandbox
        let bag = try ContentBag(folder)
        let places = scan.entries.indices.filter {
            losers.contains(scan.entries[$0].path) && (scan.entries[$0].node.map { if case .file = $0 { true } else { false } } ?? false)
        }
        try await Reading(files: files, root: root, keep: bag, clock: nil).read(places, of: &scan)
        for conflict in clashes(snapshot) where losers.contains(conflict.path) { try await keep(conflict, snapshot, bag) }
        try await HostDirectory.remove(folder)
    }
}
