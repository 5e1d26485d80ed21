import Logging
import SandboxCore
import SandboxStore
import SandboxWorkspace

extension Engine {
    /// Brings a session's work out before its sandbox is destroyed. The lock of its key is held. Throws when anything would be lost; then nothing is
    /// destroyed, and the next close goes on from here.
    func bringOut(_ row: SessionRow) async throws {
        guard let sync = try Self.sync(of: row), sync.direction != .push, !sync.needsReview else { return }
        let (held, hasOthers, isKnown) = try await store.read { transaction in
            let held = try transaction.sandbox(key: row.sandboxKey)
            let others = try transaction.openSessions(key: row.sandboxKey).contains { other in
                other.id != row.id && other.sandbox != nil && other.state == SessionState.ready.rawValue
            }
            return (held, others, try held.flatMap { try transaction.workspace($0.id) } != nil)
        }
        // A sandbox that was never ready ran nothing.
        guard let held, held.state == .ready, isKnown, !hasOthers else { return }
        let sandbox: any Sandbox
        do {
            sandbox = try await channel(to: held, of: row)
        } catch let error as SandboxError where error.code == .notFound {
            logger.warning("a sandbox went away before its workspace was brought out", metadata: ["session.id": "\(row.id)"])
            return
        }
        try await stopExecs(of: row, in: sandbox)
        try await bringOut(row, sync, sandbox)
    }

    private func bringOut(_ row: SessionRow, _ sync: WorkspaceSync, _ sandbox: any Sandbox) async throws {
        // What the user edits at this very moment is taken up by the next round, as a conflict if it is one.
        for _ in 0..<3 {
            let report = try await pull(row.id, sync, sandbox) { _ in }
            guard let missed = report.missed.first else { return }
            logger.info("the workspace is pulled again", metadata: ["session.id": "\(row.id)", "reason": "\(missed.reason)"])
        }
        let report = try await pull(row.id, sync, sandbox) { _ in }
        if let missed = report.missed.first(where: { !$0.reason.hasPrefix("something that is not synced") }) {
            throw SandboxError(
                .conflict, "\(missed.path) could not be brought out: \(missed.reason)",
                remedy: "put right what is in its way and close again, or close with --discard")
        }
    }

    /// Throws `conflict` while changes wait for review: the session stays as it is, so that they can be looked at and taken.
    func refuseUnreviewed(_ row: SessionRow) async throws {
        guard row.state == SessionState.ready.rawValue, let sync = try Self.sync(of: row), sync.needsReview,
            let held = try await store.read({ try $0.sandbox(key: row.sandboxKey) }), held.id == row.sandbox
        else { return }
        let waiting: Int
        do {
            waiting = try await look(row.id, sync, try await channel(to: held, of: row)).changes.count
        } catch let error as SandboxError where error.code == .notFound { return }
        guard waiting == 0 else {
            throw SandboxError(
                .conflict, "\(waiting) changes of the workspace of session \(row.id) wait for review",
                remedy: "look at them with `session diff`, take them with `session pull`, or throw them away with --discard")
        }
    }

    func stopExecs(of row: SessionRow, in sandbox: any Sandbox) async throws {
        for exec in try await store.read({ try $0.execs(in: row.id, includingEnded: false) }) {
            try await withDeadline(configuration.backendTimeout, "the end of exec \(exec.id)") {
                if let live = self.execs[exec.id] {
                    try await live.cancel()
                    return await Self.untilOver(live)
                }
                guard let snapshot = try await sandbox.execs().first(where: { $0.id == exec.id }), snapshot.ending == nil else { return }
                let running = try await sandbox.attach(to: exec.id, from: snapshot.end)
                try await running.cancel()
                for try await event in running.events { if case .ended = event { break } }
                await running.detach()
            }
        }
    }

    /// After an exec, for sessions that want that. The exec is over whatever becomes of it.
    func pullAfterExec(_ id: SessionID) async {
        do {
            let row = try await sessionRow(id)
            guard row.state == SessionState.ready.rawValue, let sync = try Self.sync(of: row), sync.pullsAfterExec, !sync.needsReview,
                sync.direction != .push, let sandbox = sandboxes.sandbox(of: id)
            else { return }
            _ = try await pull(id, sync, sandbox) { _ in }
        } catch {
            logger.warning("the workspace was not brought out after an exec", metadata: ["session.id": "\(id)", "error": "\(error)"])
        }
    }
}
