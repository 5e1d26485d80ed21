import Logging
import SystemPackage
import Glibc
public import SandboxCore
import SandboxStore

extension Engine {
    /// Closes a session and destroys the sandbox that nobody else uses. Closing a closed session does nothing.
    ///
    /// Without `force` an exec that is not over refuses it with `conflict`; with it, the exec is killed. When the sandbox cannot be destroyed the
    /// session stays `closing`, says why, and the next close or the reaper tries again. So it does when a synced workspace cannot be brought out
    /// first; `discard` destroys the sandbox with all that was not brought out.
    public func close(_ id: SessionID, force: Bool = false, discard: Bool = false) async throws {
        let before = try await sessionRow(id)
        if !force { await collectEnds(in: before) }
        let lock = try await locks.take(before.sandboxKey)
        defer { lock.unlock() }
        if !discard { try await refuseUnreviewed(before) }
        let (row, actions) = try await store.write { transaction in
            if !force, let exec = try transaction.execs(in: id, includingEnded: false).first {
                throw SandboxError(
                    .conflict, "exec \(exec.id) of session \(id) is not over", remedy: "wait for it, cancel it, or close with force")
            }
            return try transaction.advance(id, .closeAsked)
        }
        guard actions.contains(.releaseSandbox) else { return }
        var isOut = discard
        do {
            if !isOut { try await bringOut(row) }
            isOut = true
            try await release(row)
        } catch {
            let reason = (isOut ? "its sandbox could not be destroyed: " : "its workspace could not be brought out: ") + "\(error)"
            _ = try await store.write { transaction in
                try transaction.advance(id, .releaseFailed, ["reason": reason]) { $0.failure = reason }
            }
            throw error
        }
        _ = try await store.write { transaction in try transaction.advance(id, .released) }
        secrets[id] = nil
        sandboxes.forget(id)
        leases.notify()
        if row.scope == SessionScope.session.rawValue {
            forgetMounted(row)
            unlink(locks.directory.appending("sandbox-" + SandboxKey.fileName(row.sandboxKey)).string)
        }
    }

    /// Destroys the sandbox, unless another session needs it: then only this session's execs end.
    private func release(_ row: SessionRow) async throws {
        let (held, others, running) = try await store.read { transaction in
            let sessions = try transaction.openSessions(key: row.sandboxKey).filter { other in
                other.id != row.id && other.sandbox != nil && other.state == SessionState.ready.rawValue
            }
            return (
                try transaction.sandbox(key: row.sandboxKey), sessions, try transaction.execs(in: row.id, includingEnded: false)
            )
        }
        guard let held else { return await settleExecs(in: row.id, "the session was closed") }
        if !others.isEmpty {
            for exec in running { try await cancel(exec, in: held) }
            return await settleExecs(in: row.id, "the session was closed")
        }
        let ends = await windUp(running, in: held)
        if let live = sandboxes[held.id] {
            try await withDeadline(configuration.backendTimeout, "destroying sandbox \(held.id)") { try await live.destroy() }
            sandboxes.drop(held.id)
            try await store.write { try $0.deleteSandbox(held.id) }
        } else {
            try await cleanUp(held)
        }
        await settleExecs(in: row.id, "the sandbox was destroyed", ends: ends)
    }

    /// After the sandbox has gone its execs end by themselves where this engine follows them; the others' end nobody can tell unless `ends` does.
    func settleExecs(in session: SessionID, _ reason: String, waiting: Bool = true, ends: [ExecID: ExecEnding] = [:]) async {
        for live in execs.all where waiting && live.session == session {
            _ = try? await withDeadline(.seconds(5), "the end of exec \(live.id)") { await Self.untilOver(live) }
        }
        do {
            try await store.write { transaction in
                for row in try transaction.execs(in: session, includingEnded: false) where waiting || !self.execs.knows(row.id) {
                    let ending = ends[row.id] ?? ExecEnding(outcome: .lost(reason: reason), offsets: .zero)
                    try transaction.recordEnd(of: row.id, in: session, ending, dropped: .zero)
                }
            }
        } catch {
            logger.error("ended execs cannot be recorded", metadata: ["session.id": "\(session)", "error": "\(error)"])
        }
    }

    static func untilOver(_ live: LiveExec) async {
        while !Task.isCancelled {
            let generation = live.changed.generation
            if live.isOver { return }
            await live.changed.wait(past: generation)
        }
    }
}

extension StoreTransaction {
    /// Commits an end with its event, unless the exec is over already.
    func recordEnd(of exec: ExecID, in session: SessionID, _ ending: ExecEnding, dropped: OutputOffsets) throws {
        let now = Timestamp.now()
        guard try end(exec, ending, dropped: dropped, at: now.milliseconds) else { return }
        var facts = ["outcome": ending.outcome.summary]
        if case .lost(let reason) = ending.outcome { facts["reason"] = reason }
        try announce(.execEnded, session: session, exec: exec, at: now, facts)
        try touch(session, at: now.milliseconds)
    }
}

extension ExecSnapshot {
    /// Behind the last output, so that nothing is read twice.
    var end: OutputOffsets {
        OutputOffsets(standardOutput: standardOutput.upperBound, standardError: standardError.upperBound)
    }
}
