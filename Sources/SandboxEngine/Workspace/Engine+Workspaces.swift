import Logging
public import SandboxCore
import SandboxStore
public import SandboxWorkspace
import SystemPackage

extension Engine {
    /// Brings the host's changes into the session's sandbox, which is made (and filled) when there is none yet.
    ///
    /// Throws `unsupported` for a session whose workspace is not synced.
    public func push(
        _ id: SessionID, progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) async throws -> SyncReport {
        let (sync, sandbox) = try await syncedSandbox(of: id)
        return try await push(id, sync, sandbox, progress)
    }

    /// Brings the sandbox's changes to the host: first saved, then put in place. Conflicts are kept on both sides.
    public func pull(
        _ id: SessionID, progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) async throws -> SyncReport {
        let (sync, sandbox) = try await syncedSandbox(of: id)
        return try await pull(id, sync, sandbox, progress)
    }

    /// What a pull (`changes`) and a push (`pending`) would do, or with the sandbox as the side to change the other way round; nothing is changed.
    /// Of a workspace that is mounted for writing: what changed since the session's sandbox was made.
    public func compareWorkspace(_ id: SessionID, changing side: WorkspaceSide = .host) async throws -> SyncReport {
        let row = try await sessionRow(id)
        if row.plan.contains("\"mounted\""), side == .host,
            case .mounted(let directory, _) = try StoredText.decode(row.plan, as: SessionPlan.self).workspace
        {
            return try await compareMounted(row, directory)
        }
        let (sync, sandbox) = try await syncedSandbox(of: id)
        var report = try await look(id, sync, sandbox)
        if side == .sandbox { swap(&report.changes, &report.pending) }
        return report
    }

    /// How the session's workspace stands; nil when it is not synced.
    public func workspaceStatus(_ id: SessionID) async throws -> WorkspaceStatus? {
        let row = try await sessionRow(id)
        guard let sync = try Self.sync(of: row) else { return nil }
        let known = try await store.read { transaction in try row.sandbox.flatMap { try transaction.workspace($0) } }
        return WorkspaceStatus(
            sync: sync, pushedAt: known?.pushedAt.map(Timestamp.init(milliseconds:)),
            pulledAt: known?.pulledAt.map(Timestamp.init(milliseconds:)), failure: known?.failure,
            openConflicts: try conflictStore(row.sandboxKey).all().count)
    }

    // MARK: For the engine itself

    /// How a session's workspace is synced; nil when it is not.
    static func sync(of row: SessionRow) throws -> WorkspaceSync? {
        // Most sessions have none: then the plan need not be read.
        guard row.plan.contains("\"synced\"") else { return nil }
        guard case .synced(let sync) = try StoredText.decode(row.plan, as: SessionPlan.self).workspace else { return nil }
        return sync
    }

    func workspacePlace(_ key: String) -> FilePath {
        configuration.dataDirectory.appending("workspaces").appending(SandboxKey.fileName(key))
    }

    func conflictStore(_ key: String) -> ConflictStore { ConflictStore(workspacePlace(key).appending("conflicts")) }

    /// A session with how its workspace is synced. Throws `unsupported` when it is not.
    func syncedSession(_ id: SessionID) async throws -> (SessionRow, WorkspaceSync) {
        let row = try await sessionRow(id)
        guard let sync = try Self.sync(of: row) else {
            throw SandboxError(
                .unsupported, "the workspace of session \(id) is not synced",
                remedy: "open a session with a synced workspace (--sync DIRECTORY)")
        }
        return (row, sync)
    }

    private func syncedSandbox(of id: SessionID) async throws -> (WorkspaceSync, any Sandbox) {
        let (_, sync) = try await syncedSession(id)
        // The channel is looked at first, for a broken one is replaced here.
        _ = try await files(in: id)
        return (sync, try await prepare(id))
    }

    /// Fills a sandbox that nothing ran in yet.
    func fill(_ sandbox: any Sandbox, for row: SessionRow, _ sync: WorkspaceSync) async throws {
        let empty = WorkspaceRow(
            sandbox: sandbox.reference.id, key: row.sandboxKey, directory: sync.directory.string)
        try await store.write { try $0.put(empty) }
        let report = try await push(row.id, sync, sandbox) { _ in }
        if let missed = report.missed.first {
            logger.warning(
                "some of the workspace did not get into the sandbox",
                metadata: [
                    "session.id": "\(row.id)", "path": "\(missed.path)", "reason": "\(missed.reason)", "count": "\(report.missed.count)",
                ])
        }
    }

    func look(_ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox) async throws -> SyncReport {
        try await withWorkspace(id, sync, sandbox) { work, base, _ in (try await work.compare(base), nil) }
    }

    /// Changes when something in the directory on the host does.
    func hostFingerprint(_ sync: WorkspaceSync, _ sandbox: any Sandbox) async throws -> Int {
        let row = try await store.read { try $0.workspace(sandbox.reference.id) }
        let work = WorkspaceSynchronizer(sync, files: sandbox.files, root: sandbox.workspacePath, place: workspacePlace(row?.key ?? ""))
        return try await work.hostFingerprint(try await BaseKeeper.load(sandbox.reference.id, from: store).index)
    }

    func push(
        _ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox, _ progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReport {
        try await withWorkspace(id, sync, sandbox, progress) { work, base, save in
            (try await work.push(base, save: save).report, .workspacePushed)
        }
    }

    func pull(
        _ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox, _ progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReport {
        try await withWorkspace(id, sync, sandbox, progress) { work, base, save in
            (try await work.pull(base, save: save).report, .workspacePulled)
        }
    }

    /// One push, pull or look at a time for a workspace, whichever engine does it; what a crash left is finished first.
    private func withWorkspace(
        _ id: SessionID, _ sync: WorkspaceSync, _ sandbox: any Sandbox, _ progress: @escaping @Sendable (SyncProgress) -> Void = { _ in },
        _ body: (WorkspaceSynchronizer, BaseIndex, @escaping WorkspaceSynchronizer.Save) async throws -> (SyncReport, EngineEvent.Kind?)
    ) async throws -> SyncReport {
        let sandboxID = sandbox.reference.id
        guard let known = try await store.read({ try $0.workspace(sandboxID) }) else {
            throw SandboxError(.conflict, "sandbox \(sandboxID) has no synced workspace", remedy: "look at the session")
        }
        let lock = try await locks.take("workspace/" + known.key)
        defer { lock.unlock() }
        do {
            let (keeper, base) = try await recovered(sandboxID, known.key, sync.directory)
            let work = WorkspaceSynchronizer(
                sync, files: sandbox.files, root: sandbox.workspacePath, place: workspacePlace(known.key), progress: progress)
            let (report, kind) = try await body(work, base, keeper.save)
            if let kind { try await note(kind, report, id, sandboxID) }
            return report
        } catch {
            let reason = (error as? SandboxError)?.description ?? "\(error)"
            if !(error is CancellationError) {
                _ = try? await store.write { transaction in
                    try transaction.setSynced(sandboxID, failure: reason)
                    try transaction.announce(.workspaceFailed, session: id, ["reason": reason])
                }
            }
            throw error
        }
    }

    /// The index of a sandbox after what a crash left was finished. The workspace's lock is held.
    private func recovered(_ sandbox: SandboxID, _ key: String, _ directory: FilePath) async throws -> (BaseKeeper, BaseIndex) {
        let (keeper, base) = try await BaseKeeper.load(sandbox, from: store)
        let place = workspacePlace(key)
        return (keeper, try await WorkspaceSynchronizer.recover(directory, place: place, base: base, save: keeper.save))
    }

    /// Finishes what killed engines left half applied, whether or not their sessions are used again.
    func recoverWorkspaces(_ report: inout ReconciliationReport) async {
        do {
            for row in try await store.read({ try $0.workspaces() }) {
                guard let lock = try locks.trying("workspace/" + row.key) else { continue }
                defer { lock.unlock() }
                do {
                    _ = try await recovered(row.sandbox, row.key, FilePath(row.directory))
                } catch {
                    report.problems.append("workspace \(row.directory): \(error)")
                }
            }
        } catch {
            report.problems.append("workspaces: \(error)")
        }
    }

    private func note(_ kind: EngineEvent.Kind, _ report: SyncReport, _ id: SessionID, _ sandbox: SandboxID) async throws {
        let now = Timestamp.now()
        let facts = [
            "changes": "\(report.changes.count)", "conflicts": "\(report.conflicts.count)", "refused": "\(report.refused.count)",
            "missed": "\(report.missed.count)", "merged": "\(report.merged.count)", "files": "\(report.movedFiles)",
            "bytes": "\(report.movedBytes)",
        ]
        try await store.write { transaction in
            try transaction.setSynced(
                sandbox, pushedAt: kind == .workspacePushed ? now.milliseconds : nil,
                pulledAt: kind == .workspacePulled ? now.milliseconds : nil, failure: nil)
            guard !report.changes.isEmpty || !report.conflicts.isEmpty || !report.missed.isEmpty else { return }
            try transaction.announce(kind, session: id, at: now, facts)
        }
    }
}
