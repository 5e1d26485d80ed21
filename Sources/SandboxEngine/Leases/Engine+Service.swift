import Logging
import SystemPackage
import Foundation
import SandboxCore
import SandboxStore
import SandboxWorkspace

extension Engine {
    /// The service: reconciles, then closes sessions when their lease runs out and prunes what was kept long enough, until cancelled.
    ///
    /// It sleeps until the next deadline, or until a lease changes. The death of another engine cannot be awaited: for that it reconciles again
    /// every minute.
    public func run() async throws {
        leases.listen()
        if configuration.images.prebuild { tasks.start { await self.images.prebuild() } }
        var reconcileAt = ContinuousClock.now
        while !Task.isCancelled {
            if ContinuousClock.now >= reconcileAt {
                await tidy()
                reconcileAt = .now + .seconds(60)
            }
            let generation = leases.changes.generation
            let next = try await expireSessions()
            await pause(until: next, or: reconcileAt, past: generation)
        }
        throw CancellationError()
    }

    private func tidy() async {
        do {
            let report = try await reconcile()
            // What was broken off by the end of the service is no problem.
            guard !Task.isCancelled else { return }
            for problem in report.problems { logger.warning("reconciliation", metadata: ["problem": "\(problem)"]) }
            try await prune()
        } catch {
            guard !Task.isCancelled else { return }
            logger.error("reconciliation failed", metadata: ["error": "\(error)"])
        }
    }

    private func pause(until next: Timestamp?, or other: ContinuousClock.Instant, past generation: UInt64) async {
        let wake = next.map { min(other, .now + max(.milliseconds(1), $0 - .now())) } ?? other
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(until: wake, clock: .continuous) }
            group.addTask { await self.leases.changes.wait(past: generation) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Closes what has expired; returns when to look again.
    func expireSessions() async throws -> Timestamp? {
        var next: Timestamp?
        let now = Timestamp.now()
        for record in try await sessions() where record.state != .closing {
            guard let end = record.expiresAt else { continue }
            if end > now {
                next = min(next ?? end, end)
                continue
            }
            do {
                try await expire(record, now)
            } catch {
                logger.warning("an expired session is not closed yet", metadata: ["session.id": "\(record.id)", "error": "\(error)"])
                // What waits for somebody is not looked at every second.
                let pause: Duration = (error as? SandboxError)?.code == .conflict ? .seconds(60) : .seconds(1)
                next = min(next ?? now + pause, now + pause)
            }
        }
        return next
    }

    private func expire(_ record: SessionRecord, _ now: Timestamp) async throws {
        let isMine = try await store.write { transaction -> Bool in
            guard let row = try transaction.session(record.id), row.revision == record.revision else { return false }
            let isBusy = try !transaction.execs(in: record.id, includingEnded: false).isEmpty
            guard let end = Lease(row).expiry(isBusy: isBusy), end <= now else { return false }
            let life = row.lifeMilliseconds.map { Timestamp(milliseconds: row.createdAt) + .milliseconds($0) <= now } ?? false
            try transaction.announce(.sessionExpired, session: record.id, ["reason": life ? "maximum life" : "idle"])
            return true
        }
        if isMine { try await close(record.id, force: true) }
    }

    /// Forgets closed sessions after their retention, and the oldest output beyond the total.
    func prune() async throws {
        let cutoff = Timestamp.now() + (.zero - configuration.retention)
        for row in try await store.read({ try $0.sessions(closedBefore: cutoff.milliseconds) }) {
            // What was kept aside and nobody looked at yet may be the only copy.
            guard try conflictStore(row.sandboxKey).all().isEmpty else { continue }
            for exec in try await store.read({ try $0.execs(in: row.id, includingEnded: true) }) { removeOutput(of: exec.id) }
            if row.scope == SessionScope.session.rawValue {
                try? FileManager.default.removeItem(atPath: homeDirectory(key: row.sandboxKey).string)
                try? FileManager.default.removeItem(atPath: workspacePlace(row.sandboxKey).string)
            }
            try await store.write { try $0.deleteClosed(row.id) }
        }
        try await store.write { try $0.deleteEvents(before: cutoff.milliseconds) }
        pruneBuildLogs(before: cutoff)
        let outputs = try await store.read { try $0.endedExecsWithOutput() }
        var total = outputs.reduce(UInt64(0)) { $0 + $1.bytes }
        for (id, bytes) in outputs where total > configuration.outputTotalLimit {
            removeOutput(of: id)
            try await store.write { try $0.dropOutput(of: id) }
            total -= bytes
        }
    }

    private func pruneBuildLogs(before cutoff: Timestamp) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: buildLogs.string)) ?? [] {
            let path = buildLogs.appending(name).string
            guard let date = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date,
                date.timeIntervalSince1970 * 1000 < Double(cutoff.milliseconds)
            else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private func removeOutput(of exec: ExecID) { try? FileManager.default.removeItem(atPath: spool.directory(exec).string) }
}
