import Logging
public import SandboxCore
import SandboxStore
import SystemPackage

extension Engine {
    /// Starts a command and returns when it runs. Its row is committed before the start is sent, so an id that was used before throws
    /// `alreadyExists` and runs nothing, whatever became of it.
    ///
    /// Throws an `ExecStartFailure` for a program that is not there; the sandbox's errors otherwise. The start itself is not cancelled halfway:
    /// when the caller is cancelled meanwhile, the command is killed and its end recorded.
    public func start(_ id: SessionID, _ request: ExecRequest) async throws -> EngineExec {
        try Task.checkCancellation()
        do {
            return try await start(id, request, in: try await prepare(id))
        } catch let replaced as SandboxReplaced {
            // Nothing was started; the session's own one is taken up instead.
            sandboxes.drop(replaced.sandbox)
        }
        do {
            return try await start(id, request, in: try await prepare(id))
        } catch is SandboxReplaced {
            throw SandboxError(.conflict, "the sandbox of session \(id) is being replaced", remedy: "try again")
        }
    }

    /// Another engine gave the session another sandbox than this one.
    private struct SandboxReplaced: Error {
        var sandbox: SandboxID
    }

    private func start(_ id: SessionID, _ request: ExecRequest, in sandbox: any Sandbox) async throws -> EngineExec {
        let reference = sandbox.reference
        guard execs.reserve(request.id) else {
            throw SandboxError(.alreadyExists, "exec \(request.id) was started before", remedy: "look at that one, or use a new id")
        }
        let row = ExecRow(
            id: request.id, session: id, sandbox: reference.id, engine: identity.id, command: request.command,
            directory: request.workingDirectory?.string, user: request.user, hasTerminal: request.terminal != nil,
            startedAt: Timestamp.now().milliseconds)
        let names: [String]
        do {
            names = try await record(row)
        } catch {
            execs.release(request.id)
            throw error
        }
        var complete = request
        do {
            complete.environment = try secrets.environment(
                for: request.environment, in: id, names: names, over: configuration.environment)
        } catch {
            await refuse(row, error)
            throw error
        }
        return try await launch(complete, row, sandbox)
    }

    /// Commits the row and returns the names of the session's environment.
    private func record(_ row: ExecRow) async throws -> [String] {
        let plan = try await store.write { transaction in
            guard let session = try transaction.session(row.session), session.state == SessionState.ready.rawValue,
                let current = session.sandbox
            else {
                throw SandboxError(.conflict, "session \(row.session) is not ready any more", remedy: "look at it, or open another one")
            }
            guard current == row.sandbox else { throw SandboxReplaced(sandbox: row.sandbox) }
            try transaction.insert(row)
            try transaction.touch(row.session, at: row.startedAt)
            return session.plan
        }
        // Most sessions have no environment: then the plan need not be read.
        if secrets[row.session] != nil || plan.contains("\"environmentNames\":[]") { return [] }
        return try StoredText.decode(plan, as: SessionPlan.self).environmentNames
    }

    /// One owned task starts the command and then follows it.
    private func launch(_ request: ExecRequest, _ row: ExecRow, _ sandbox: any Sandbox) async throws -> EngineExec {
        let exec: EngineExec = try await withCheckedThrowingContinuation { continuation in
            let started = tasks.start {
                let live: LiveExec
                do {
                    live = try await self.send(request, row, sandbox)
                } catch {
                    continuation.resume(throwing: error)
                    return
                }
                continuation.resume(returning: self.handle(live))
                await self.follow(live)
            }
            if !started {
                execs.release(row.id)
                continuation.resume(throwing: SandboxError(.unavailable, "the engine was shut down", remedy: "open another one"))
            }
        }
        if Task.isCancelled {
            await withoutCancellation { try? await exec.cancel() }
            throw CancellationError()
        }
        return exec
    }

    private func send(_ request: ExecRequest, _ row: ExecRow, _ sandbox: any Sandbox) async throws -> LiveExec {
        let running: any RunningExec
        do {
            running = try await sandbox.start(request)
        } catch {
            guard Self.leavesDoubt(error) else {
                // A sandbox that is gone is looked for again by the next use, which may find it able to run again.
                if (error as? SandboxError)?.code == .notFound { sandboxes.drop(row.sandbox) }
                await refuse(row, error)
                throw error
            }
            guard let found = await find(row) else {
                sandboxes.drop(row.sandbox)
                await recordLost(row, "its start got no answer: \(error)")
                throw error
            }
            running = found
        }
        let live = LiveExec(
            running, session: row.session, sandbox: row.sandbox,
            spool: OutputSpool(row.id, layout: spool, limit: configuration.outputLimit))
        execs.add(live)
        let program = request.arguments.first ?? ""
        let process = running.processID
        let logger = logger
        store.enqueue { transaction in
            try transaction.setRunning(row.id, process: process)
            try transaction.announce(.execStarted, session: row.session, exec: row.id, ["program": program])
        }
        logger.debug("exec started", metadata: ["exec.id": "\(row.id)", "session.id": "\(row.session)"])
        return live
    }

    /// Whether a failed start may have started the command all the same.
    private static func leavesDoubt(_ error: any Error) -> Bool {
        if error is ExecStartFailure { return false }
        guard let error = error as? SandboxError else { return true }
        let certain: [SandboxError.Code] = [.invalidArgument, .notFound, .alreadyExists, .unsupported, .denied, .limitExceeded, .conflict]
        return !certain.contains(error.code)
    }

    /// Asks the sandbox, over a new channel, for an exec whose start got no answer.
    private func find(_ row: ExecRow) async -> (any RunningExec)? {
        sandboxes.drop(row.sandbox)
        return try? await withDeadline(configuration.backendTimeout, "looking for exec \(row.id)") {
            try await self.prepare(row.session).attach(to: row.id, from: .zero)
        }
    }

    private func refuse(_ row: ExecRow, _ error: any Error) async {
        execs.release(row.id)
        let status = (error as? ExecStartFailure)?.exitStatus
        let reason = "\(error)"
        do {
            try await store.write { try $0.refuse(row.id, failure: reason, status: status, at: Timestamp.now().milliseconds) }
        } catch {
            logger.error("a refused exec cannot be recorded", metadata: ["exec.id": "\(row.id)", "error": "\(error)"])
        }
    }

    func recordLost(_ row: ExecRow, _ reason: String) async {
        execs.release(row.id)
        let kept = OutputSpool(row.id, layout: spool, limit: configuration.outputLimit, resuming: true).offsets
        let ending = ExecEnding(outcome: .lost(reason: reason), offsets: kept)
        do {
            try await store.write { try $0.recordEnd(of: row.id, in: row.session, ending, dropped: .zero) }
        } catch {
            logger.error("a lost exec cannot be recorded", metadata: ["exec.id": "\(row.id)", "error": "\(error)"])
        }
    }

    private func handle(_ live: LiveExec) -> EngineExec {
        let events = LiveEvents(live.feed, exec: live.id, spool: SpoolReader(spool))
        return EngineExec(
            id: live.id, processID: live.running.processID, events: events.events, control: { live.running },
            release: { events.close() })
    }
}
