import Logging
import SandboxCore
import SandboxStore

/// Ending a session's execs while the lock of its sandbox is held; so the channel is not asked of `prepare`, which would wait for that lock.
extension Engine {
    /// How long a cancelled exec may take before its sandbox is destroyed beneath it.
    private static let windUpPatience = Duration.seconds(5)

    /// Orders the end of one exec, whoever follows it.
    func cancel(_ row: ExecRow, in held: SandboxRow) async throws {
        try await withDeadline(configuration.backendTimeout, "cancelling exec \(row.id)") {
            if let live = self.execs[row.id] { return try await live.cancel() }
            guard let (running, _) = try await self.takenUp(row, in: held) else { return }
            try await running.cancel()
            await running.detach()
        }
    }

    /// Records the ends of commands that ended while nobody followed them, because their engine had been killed: they are in nobody's way. The
    /// lock of the sandbox is not held.
    func collectEnds(in session: SessionRow) async {
        guard session.state == SessionState.ready.rawValue,
            let rows = try? await store.read({ try $0.execs(in: session.id, includingEnded: false) })
        else { return }
        for row in rows where isOrphan(row) {
            do {
                guard let live = try await adopted(row.id), let sandbox = sandboxes[row.sandbox] else { continue }
                try await withDeadline(Self.windUpPatience, "the end of exec \(row.id)") {
                    guard try await sandbox.execs().first(where: { $0.id == row.id })?.ending != nil else { return }
                    await Self.untilOver(live)
                }
            } catch {
                logger.debug("an exec cannot be taken up", metadata: ["exec.id": "\(row.id)", "error": "\(error)"])
            }
        }
    }

    /// Cancels what runs in a sandbox that is about to be destroyed and waits for it, so that each exec ends as what it is, cancelled, and with
    /// its last output. Returns the ends of those that this engine does not follow. A sandbox that does not answer keeps nobody from destroying
    /// it; what became of its execs nobody can tell then.
    func windUp(_ rows: [ExecRow], in held: SandboxRow) async -> [ExecID: ExecEnding] {
        await withTaskGroup(of: (ExecID, ExecEnding?).self) { group in
            for row in rows {
                group.addTask {
                    do {
                        return (row.id, try await self.windUp(row, in: held))
                    } catch {
                        self.logger.debug("an exec cannot be cancelled", metadata: ["exec.id": "\(row.id)", "error": "\(error)"])
                        return (row.id, nil)
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func windUp(_ row: ExecRow, in held: SandboxRow) async throws -> ExecEnding? {
        if let live = execs[row.id] {
            try await withDeadline(configuration.backendTimeout, "cancelling exec \(row.id)") { try await live.cancel() }
            _ = try? await withDeadline(Self.windUpPatience, "the end of exec \(row.id)") { await Self.untilOver(live) }
            live.endsWithItsSandbox = true
            return nil
        }
        guard let (running, start) = try await takenUp(row, in: held) else { return nil }
        try await withDeadline(configuration.backendTimeout, "cancelling exec \(row.id)") { try await running.cancel() }
        let isOrphan = isOrphan(row)
        if !isOrphan { await running.detach() }
        let end = try? await withDeadline(Self.windUpPatience, "the end of exec \(row.id)") {
            // Whoever follows it takes its reader back and records the end.
            isOrphan ? try await Self.end(of: running) : try await self.recordedEnd(of: row.id)
        }
        await running.detach()
        return end ?? ExecEnding(outcome: .cancelled, offsets: start)
    }

    private func recordedEnd(of exec: ExecID) async throws -> ExecEnding? {
        watch.watch(walPath)
        while true {
            let generation = store.commits.generation
            if let record = try? await self.exec(exec), record.isOver { return record.ending }
            try await foreignChange(past: generation)
        }
    }

    /// An exec that another engine follows, from behind its last output on; nil when the sandbox does not know it.
    private func takenUp(_ row: ExecRow, in held: SandboxRow) async throws -> (any RunningExec, OutputOffsets)? {
        try await withDeadline(configuration.backendTimeout, "taking up exec \(row.id)") {
            let sandbox = try await self.channel(to: held)
            guard let snapshot = try await sandbox.execs().first(where: { $0.id == row.id }) else { return nil }
            return (try await sandbox.attach(to: row.id, from: snapshot.end), snapshot.end)
        }
    }

    private static func end(of running: any RunningExec) async throws -> ExecEnding? {
        for try await event in running.events {
            if case .ended(let ending) = event { return ending }
        }
        return nil
    }
}
