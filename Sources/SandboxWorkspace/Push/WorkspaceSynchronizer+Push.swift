import SandboxCore
import SandboxProcess
import SystemPackage

extension WorkspaceSynchronizer {
    /// Brings the host's changes into the sandbox. What the sandbox changed stays; what both changed is reported and left alone.
    public func push(_ old: BaseIndex, save: Save) async throws -> (base: BaseIndex, report: SyncReport) {
        progress(SyncProgress(phase: .looking, files: 0, bytes: 0))
        let tree = try HostTree(sync.directory)
        let snapshot = try await Snapshot.take(self, tree, old, keep: nil)
        var report = report(snapshot)
        report.conflicts = clashes(snapshot).filter { $0.loser == nil }
        report.pending = changes(snapshot, on: .host)
        let wanted = allows(.sandbox, snapshot) ? snapshot.decisions.filter { $0.change(on: .sandbox) != nil } : []
        if !wanted.isEmpty {
            try await keepLosers(of: wanted, snapshot)
            try await save(old.announcing(wanted))
        }
        let (done, missed, stamps, source) = try await apply(wanted, snapshot)
        report.missed = missed
        report.movedFiles = source?.files ?? 0
        report.movedBytes = source?.movedBytes ?? 0
        report.changes = changes(snapshot, on: .sandbox).filter { done[$0.path] != nil }
        let base = snapshot.base(after: old, doneOnHost: [], doneInSandbox: done, sandboxStamps: stamps)
        try await keepTexts(base, old, snapshot)
        if base != old || !wanted.isEmpty { try await save(base) }
        return (base, report)
    }

    /// Makes the changes inside; removals first, for a path may change its kind.
    private func apply(
        _ wanted: [Decision], _ snapshot: Snapshot
    ) async throws -> (done: [TreePath: TreeNode?], missed: [SyncReport.Refusal], stamps: [TreePath: FileStamp], source: PushSource?) {
        guard !wanted.isEmpty else { return ([:], [], [:], nil) }
        var missed = try await remove(wanted, snapshot)
        var done: [TreePath: TreeNode?] = [:]
        var items: [PushSource.Item] = []
        for decision in wanted where missed[decision.path] == nil {
            guard case .agreed(let node) = decision.verdict else { continue }
            guard let node else {
                done[decision.path] = .some(nil)
                continue
            }
            if decision.change(on: .sandbox) == .chmod, let mode = node.mode {
                do {
                    try await files.changeMode(root.pushing(decision.path.filePath), mode: UInt32(mode))
                    done[decision.path] = node
                } catch let refusal as FileRefusal { missed[decision.path] = refusal.message }
                continue
            }
            let entry = snapshot.hostEntry(decision.path)
            var item = PushSource.Item(
                path: decision.path, node: node, stamp: entry?.stamp, isSettled: entry?.isSettled ?? false, modified: entry?.modified ?? 0)
            if decision.change(on: .sandbox) != .modify {
                item.replaces = .nothing
            } else {
                item.replaces = snapshot.sandboxEntry(decision.path)?.replaced
                item.chunks = try await chunks(of: decision)
            }
            items.append(item)
        }
        let total = items.reduce(UInt64(0)) { $0 &+ $1.node.size }
        let progress = progress
        let source = PushSource(snapshot.tree, items) { files, bytes in
            progress(SyncProgress(phase: .copying, files: files, bytes: bytes, totalBytes: total))
        }
        var tellsWritten = true
        if !items.isEmpty {
            let (refused, tells) = try await files.import(source.stream, into: root) { source.note($0) }
            for (path, reason) in refused {
                if let path = TreePath(path.rawBytes) { missed[path] = reason }
            }
            tellsWritten = tells
        }
        missed.merge(source.missed) { $1 }
        let sent = source.sent.filter { missed[$0.path] == nil }
        for sent in sent { if let node = sent.node { done[sent.path] = node } }
        let stamps = tellsWritten ? Self.stamps(of: sent) : try await stampsByLooking(sent)
        return (done, missed.map { .init(path: $0, reason: $1) }.sorted { $0.path < $1.path }, stamps, source)
    }

    /// The chunks of the sandbox's version, where that saves something.
    private func chunks(of decision: Decision) async throws -> ChunkPlaces? {
        guard case .file(_, let size, _)? = decision.sandbox, case .agreed(.file(_, let newSize, _)?) = decision.verdict,
            min(size, newSize) >= ChunkPlaces.worthwhile
        else { return nil }
        do {
            guard let chunks = try await files.chunks(of: root.pushing(decision.path.filePath)) else { return nil }
            return try await ChunkPlaces(chunks)
        } catch is FileRefusal { return nil }
    }

    /// The deepest first. Returns what could not be removed.
    private func remove(_ wanted: [Decision], _ snapshot: Snapshot) async throws -> [TreePath: String] {
        var missed: [TreePath: String] = [:]
        let gone = wanted.filter { decision in
            switch decision.change(on: .sandbox) {
            case .delete?, .retype?: true
            default: false
            }
        }
        let (folders, others) = (gone.filter { $0.sandbox?.isDirectory == true }, gone.filter { $0.sandbox?.isDirectory != true })
        let (files, root) = (files, root)
        @Sendable func removeOne(_ path: TreePath, _ seen: ReplacedNode?) async throws -> String? {
            do {
                if let seen {
                    try await files.remove(root.pushing(path.filePath), ifStill: seen)
                } else {
                    try await files.remove(root.pushing(path.filePath), recursive: false)
                }
                return nil
            } catch let refusal as FileRefusal where refusal.reason == .notFound {
                return nil
            } catch let refusal as FileRefusal { return refusal.message }
        }
        try await withThrowingTaskGroup(of: (TreePath, String?).self) { group in
            for (index, decision) in others.enumerated() {
                if index >= 16, let (path, reason) = try await group.next(), let reason { missed[path] = reason }
                let seen = snapshot.sandboxEntry(decision.path)?.replaced
                group.addTask { (decision.path, try await removeOne(decision.path, seen)) }
            }
            for try await case (let path, let reason?) in group { missed[path] = reason }
        }
        for decision in folders.reversed() {
            if let reason = try await removeOne(decision.path, nil) { missed[decision.path] = reason }
        }
        return missed
    }

    /// What the sandbox told when it wrote the files.
    private static func stamps(of sent: [PushSource.Sent]) -> [TreePath: FileStamp] {
        var stamps: [TreePath: FileStamp] = [:]
        stamps.reserveCapacity(sent.count)
        for file in sent {
            guard case .file(_, let size, _)? = file.node, var stamp = file.stamp else { continue }
            stamp.size = size
            stamps[file.path] = stamp
        }
        return stamps
    }

    /// What the files that went in look like now. One whose size and time are those that it was given is what was written: an edit since then would
    /// have given it another time.
    private func stampsByLooking(_ sent: [PushSource.Sent]) async throws -> [TreePath: FileStamp] {
        var wanted: [TreePath: (node: TreeNode, modified: Int64)] = [:]
        for file in sent { if case .file? = file.node, let node = file.node { wanted[file.path] = (node, file.modified) } }
        var stamps: [TreePath: FileStamp] = [:]
        func note(_ path: TreePath, _ entry: FileEntry) {
            guard let (node, modified) = wanted[path], entry.kind == .regular, entry.changed != nil else { return }
            if entry.size == node.size && entry.modified == modified { stamps[path] = entry.stamp }
        }
        if wanted.count <= 64 {
            for path in wanted.keys {
                do { note(path, try await files.stat(root.pushing(path.filePath), followsLinks: false)) } catch is FileRefusal {}
            }
        } else {
            for (path, entry) in try await SandboxScanner.listing(files, root, digests: false) { note(path, entry) }
        }
        return stamps
    }
}

extension BaseIndex {
    /// With a note of what is about to be written inside, so that a crash leaves no doubt what may be there.
    fileprivate func announcing(_ wanted: [Decision]) -> BaseIndex {
        var changes: [TreePath: BaseEntry?] = [:]
        for decision in wanted {
            guard case .agreed(let node) = decision.verdict else { continue }
            var entry = self[decision.path] ?? BaseEntry(decision.path, nil)
            entry.node = decision.base
            entry.underWay = node.map { .node($0) } ?? .absent
            changes[decision.path] = .some(entry)
        }
        var announced = self
        announced.update(changes)
        return announced
    }
}
