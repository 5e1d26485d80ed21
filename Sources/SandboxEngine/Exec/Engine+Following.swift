import Logging
import Synchronization
import SandboxCore
import SandboxStore

extension Engine {
    /// Follows an exec to its end: output to the spool, then to the live reader; the end to the database, then to the reader. Only after it is
    /// recorded may the sandbox forget it.
    func follow(_ live: LiveExec) async {
        var failures = 0
        while true {
            // A command that came up during a shutdown is left to the next engine.
            if isShutDown.withLock({ $0 }) {
                await live.running.detach()
                return letGo(live, CancellationError())
            }
            let before = live.spool.offsets
            do {
                for try await event in live.running.events {
                    switch event {
                    case .output(let chunk):
                        guard let fresh = live.spool.append(chunk) else { continue }
                        live.changed.notify()
                        await live.feed.push(fresh)
                    case .ended(let ending):
                        await finish(live, ending)
                        return
                    }
                }
                throw SandboxError(.unavailable, "the events stopped without an end")
            } catch {
                if isShutDown.withLock({ $0 }) || Task.isCancelled { return letGo(live, error) }
                failures = live.spool.offsets == before ? failures + 1 : 1
                guard await resume(live, failures, error) else { return }
            }
        }
    }

    /// Takes an exec up again after its channel broke; false when there is nothing to follow any more.
    private func resume(_ live: LiveExec, _ failures: Int, _ error: any Error) async -> Bool {
        // Somebody else's reader took over, as one that cancels does: then the channel is sound, and nobody's lock need be waited for.
        let wasSuperseded = (error as? SandboxError)?.code == .conflict
        if !wasSuperseded { sandboxes.drop(live.sandbox) }
        guard failures <= 5 else {
            letGo(live, error)
            return false
        }
        do {
            if failures > 1 { try await Task.sleep(for: .milliseconds(50) * (1 << failures)) }
            live.running = try await withDeadline(configuration.backendTimeout, "taking up exec \(live.id)") {
                let sandbox: any Sandbox
                if let known = self.sandboxes[live.sandbox] { sandbox = known } else { sandbox = try await self.prepare(live.session) }
                return try await sandbox.attach(to: live.id, from: live.spool.offsets)
            }
            return true
        } catch let failure as SandboxError where failure.code == .notFound || failure.code == .conflict {
            await finish(live, ExecEnding(outcome: .lost(reason: failure.message), offsets: live.spool.offsets), forget: false)
            return false
        } catch {
            // Not reachable now: tried again, until the attempts are used up and the next reconciliation takes over.
            return true
        }
    }

    private func finish(_ live: LiveExec, _ told: ExecEnding, forget: Bool = true) async {
        let ending = live.endsWithItsSandbox ? told.cancelledIfLost : told
        live.spool.close()
        let kept = live.spool.kept
        let dropped = OutputOffsets(
            standardOutput: ending.offsets.standardOutput - min(ending.offsets.standardOutput, kept.standardOutput),
            standardError: ending.offsets.standardError - min(ending.offsets.standardError, kept.standardError))
        var isRecorded = false
        do {
            try await store.write { try $0.recordEnd(of: live.id, in: live.session, ending, dropped: dropped) }
            isRecorded = true
        } catch {
            // The sandbox still knows the end: the next reconciliation reads it there.
            logger.error("the end of an exec cannot be recorded", metadata: ["exec.id": "\(live.id)", "error": "\(error)"])
        }
        execs.remove(live)
        live.feed.finish(ending)
        live.settle()
        leases.execEnded()
        if isRecorded, forget, let sandbox = sandboxes[live.sandbox] { try? await sandbox.forget(live.id) }
        if sandboxes.pullsAfterExec(live.session) { tasks.start { await self.pullAfterExec(live.session) } }
    }

    private func letGo(_ live: LiveExec, _ error: any Error) {
        live.spool.close()
        execs.remove(live)
        live.feed.fail(error)
        live.settle()
    }

    /// Takes over an exec that no living engine follows; nil when it is over, or when a living engine has it.
    func adopted(_ id: ExecID) async throws -> LiveExec? {
        if let live = execs[id] { return live }
        let row = try await execRow(id)
        guard isOrphan(row) else { return nil }
        return try await adoptions.value(for: id) { try await self.adopt(row) }
    }

    func isOrphan(_ row: ExecRow) -> Bool {
        guard row.state == ExecState.starting.rawValue || row.state == ExecState.running.rawValue else { return false }
        return row.engine == identity.id ? !execs.knows(row.id) : !identity.isAlive(row.engine)
    }

    private func adopt(_ row: ExecRow) async throws -> LiveExec? {
        let me = identity.id
        guard execs.reserve(row.id) else { return execs[row.id] }
        do {
            guard try await store.write({ try $0.takeOver(row.id, from: row.engine, to: me) }) else {
                execs.release(row.id)
                return nil
            }
            let output = OutputSpool(row.id, layout: spool, limit: configuration.outputLimit, resuming: true)
            let running = try await withDeadline(configuration.backendTimeout, "taking up exec \(row.id)") {
                try await self.prepare(row.session).attach(to: row.id, from: output.offsets)
            }
            let live = LiveExec(running, session: row.session, sandbox: row.sandbox, spool: output)
            let process = running.processID ?? row.process
            execs.add(live)
            store.enqueue { try $0.setRunning(row.id, process: process) }
            tasks.start { await self.follow(live) }
            return live
        } catch let error as SandboxError where error.code == .notFound || error.code == .conflict {
            await recordLost(row, row.state == ExecState.starting.rawValue ? "the engine died while it was starting" : error.message)
            return nil
        } catch {
            execs.release(row.id)
            throw error
        }
    }
}

extension ExecEnding {
    fileprivate var cancelledIfLost: ExecEnding {
        guard case .lost = outcome else { return self }
        var ending = self
        ending.outcome = .cancelled
        return ending
    }
}
