import SandboxCore
import SandboxStore

extension Engine {
    /// Takes up what lives, ends what was half done, and removes what nobody owns. Safe beside other engines on the same data directory: what a
    /// living one works on is left alone. What fails is in the report's problems, and is tried again next time.
    @discardableResult
    public func reconcile() async throws -> ReconciliationReport {
        var report = ReconciliationReport()
        await recoverWorkspaces(&report)
        let dead = try await store.read { try $0.engines() }.map(\.id).filter { !identity.isAlive($0) }
        for row in try await store.read({ try $0.sessions(includingClosed: false) }) {
            do {
                try await reconcile(row, &report)
            } catch {
                report.problems.append("session \(row.id): \(error)")
            }
        }
        for row in try await store.read({ try $0.execs(in: nil, includingEnded: false) }) where isOrphan(row) {
            do {
                if try await adopted(row.id) != nil {
                    report.resumed.append(row.id)
                } else if case .lost? = try await exec(row.id).ending?.outcome {
                    report.lost.append(row.id)
                }
            } catch {
                report.problems.append("exec \(row.id): \(error)")
            }
        }
        await reap(&report)
        let me = identity.id
        try await store.write { transaction in
            for engine in dead { try transaction.deleteEngine(engine) }
            try transaction.heartbeat(of: me, at: Timestamp.now().milliseconds)
        }
        for engine in dead { identity.forget(engine) }
        return report
    }

    private func reconcile(_ row: SessionRow, _ report: inout ReconciliationReport) async throws {
        let isOrphan = !identity.isAlive(row.engine)
        switch SessionState(rawValue: row.state) {
        case .closing where !isBusyElsewhere(row):
            try await close(row.id, force: true)
            report.closed.append(row.id)
        case .opening where isOrphan && row.endsWithEngine, .ready where isOrphan && row.endsWithEngine,
            .failed where isOrphan && row.endsWithEngine:
            try await close(row.id, force: true)
            report.closed.append(row.id)
        case .ready where isOrphan, .opening where isOrphan:
            try await adopt(row, &report)
        default: break
        }
    }

    /// Somebody holds the lock: then it is being made, taken up or closed right now.
    private func isBusyElsewhere(_ row: SessionRow) -> Bool {
        guard let lock = try? locks.trying(row.sandboxKey) else { return true }
        lock.unlock()
        return false
    }

    private func adopt(_ row: SessionRow, _ report: inout ReconciliationReport) async throws {
        // A session without a sandbox is only a record: its first use makes one.
        if row.state == SessionState.opening.rawValue {
            guard let held = try await store.read({ try $0.sandbox(key: row.sandboxKey) }), held.state == .creating else { return }
        }
        do {
            _ = try await prepareKnown(row)
        } catch let error as SandboxError where error.code == .conflict {
            if try await sessionRow(row.id).state == SessionState.failed.rawValue { report.failed.append(row.id) }
            return
        }
        let me = identity.id
        let isMine = try await store.write { transaction -> Bool in
            guard var current = try transaction.session(row.id), current.state == SessionState.ready.rawValue else { return false }
            current.engine = me
            try transaction.update(current)
            try transaction.announce(.sessionAdopted, session: row.id)
            return true
        }
        if isMine { report.adopted.append(row.id) }
    }

    /// Takes up what an engine left, but makes nothing new: a making that was cut off is only cleared away.
    private func prepareKnown(_ row: SessionRow) async throws -> (any Sandbox)? {
        if row.state == SessionState.ready.rawValue { return try await prepare(row.id) }
        guard let lock = try locks.trying(row.sandboxKey) else { return nil }
        defer { lock.unlock() }
        guard let held = try await store.read({ try $0.sandbox(key: row.sandboxKey) }), held.state == .creating else { return nil }
        try await cleanUp(held)
        return nil
    }

    /// Removes the sandboxes with our owner's label that no row stands for, and those whose row no session stands for.
    private func reap(_ report: inout ReconciliationReport) async {
        for backend in registry.backends {
            let id = backend.descriptor.id
            // A service elsewhere is asked only for what was made there: each of its sandboxes has an end of its own.
            if backend.descriptor.placement != .local, await !holdsSandboxes(id) { continue }
            do {
                let owner = store.owner
                // Listed first, rows second: a row is there before its sandbox is, so what has no row now never had a living one.
                let found = try await withDeadline(configuration.backendTimeout, "listing sandboxes") {
                    try await backend.list(owner: owner)
                }
                let known = Set(try await store.read { try $0.sandboxes() }.map(\.id))
                for reference in found where reference.owner == owner && !known.contains(reference.id) {
                    try await withDeadline(configuration.backendTimeout, "removing sandbox \(reference.id)") {
                        try await backend.remove(reference)
                    }
                    try await announceReaped(reference.id, id, &report)
                }
            } catch let error as SandboxError where [.unavailable, .unsupported, .denied].contains(error.code) {
                // What does not work here has nothing to tell.
                continue
            } catch {
                report.problems.append("backend \(id): \(error)")
            }
        }
        do {
            for held in try await store.read({ try $0.sandboxes() }) { try await reap(held, &report) }
        } catch {
            report.problems.append("left sandboxes: \(error)")
        }
    }

    private func holdsSandboxes(_ backend: BackendID) async -> Bool {
        (try? await store.read { try $0.sandboxes() }.contains { $0.backend == backend }) ?? true
    }

    private func reap(_ held: SandboxRow, _ report: inout ReconciliationReport) async throws {
        guard let lock = try locks.trying(held.key) else { return }
        defer { lock.unlock() }
        let (current, users) = try await store.read { transaction in
            (try transaction.sandbox(held.id), try transaction.openSessions(key: held.key))
        }
        // With the lock held nobody is making or closing: a sandbox that no session of the key has, or may still find, is nobody's.
        guard let current, current.state == .doomed || !users.contains(where: { $0.state != SessionState.failed.rawValue }) else { return }
        do {
            try await cleanUp(current)
            try await announceReaped(held.id, held.backend, &report)
        } catch {
            report.problems.append("sandbox \(held.id): \(error)")
        }
    }

    private func announceReaped(_ sandbox: SandboxID, _ backend: BackendID, _ report: inout ReconciliationReport) async throws {
        try await store.write { try $0.announce(.reaped, ["sandbox": sandbox.rawValue, "backend": backend.rawValue]) }
        report.reaped.append(sandbox)
    }
}
