public import SandboxCore
import SandboxStore
import SystemPackage

extension Engine {
    /// Makes the session's sandbox, or takes it up; any number of callers await the same work, and one that is cancelled only stops waiting.
    ///
    /// Throws `conflict` when the session is closing, closed or failed, else what the backend said.
    public func prepare(_ id: SessionID) async throws -> any Sandbox {
        if let live = sandboxes.sandbox(of: id) { return live }
        return try await preparations.value(for: id) { try await self.prepareNow(id) }
    }

    private func prepareNow(_ id: SessionID) async throws -> any Sandbox {
        let before = try await sessionRow(id)
        let image = try await buildImage(for: before)
        let lock = try await locks.take(before.sandboxKey)
        defer { lock.unlock() }
        let (found, held) = try await store.read { transaction in
            (try transaction.session(id), try transaction.sandbox(key: before.sandboxKey))
        }
        guard var row = found else { return try await vanished(before, "its record is gone") }
        if row.mayRetry {
            // What kept it from being made may have passed.
            row = try await store.write { transaction in try transaction.advance(id, .used) { $0.failure = nil } }.row
        }
        guard let state = SessionState(rawValue: row.state) else { return try await vanished(row, "its state is unknown") }
        var machine = SessionMachine(state: state)
        guard try machine.handle(.used) == [.makeSandbox] else {
            guard let held, held.id == row.sandbox else { return try await vanished(row, "its sandbox is gone") }
            return try await takeUp(held, for: row)
        }
        let plan: SessionPlan = try StoredText.decode(row.plan)
        if let held {
            if held.state == .ready { try refuseMismatch(held, plan) }
            if let sandbox = try await rejoin(held, row) { return sandbox }
        }
        return try await make(row, plan, row.plan == before.plan ? image : nil)
    }

    /// Builds the image of a sandbox that is about to be made, before its lock is taken: others wait for the lock, and a build takes long.
    private func buildImage(for row: SessionRow) async throws -> ReadyImage? {
        guard row.state == SessionState.opening.rawValue, try await store.read({ try $0.sandbox(key: row.sandboxKey) }) == nil else {
            return nil
        }
        let plan: SessionPlan = try StoredText.decode(row.plan)
        guard try await images.mayBuild(plan, on: row.backend) else { return nil }
        do {
            // Who waits for this session learns what it waits for.
            try await store.write { try $0.announce(.preparing, session: row.id, ["backend": row.backend.rawValue, "step": "image"]) }
            return try await images.ready(plan, on: row.backend)
        } catch let error as SandboxError where error.code == .unavailable {
            // Making the sandbox finds out too, and may move on to another backend.
            return nil
        } catch {
            await note(error, for: row)
            throw error
        }
    }

    /// A session that had a sandbox gets the same again, perhaps in a new life of it, or none.
    private func takeUp(_ held: SandboxRow, for row: SessionRow) async throws -> any Sandbox {
        do {
            let sandbox = try await channel(to: held, of: row)
            use(sandbox, for: row)
            return await renewed(held, row) ?? sandbox
        } catch let error as SandboxError where error.code == .notFound {
            try await cleanUp(held)
            return try await vanished(row, "its sandbox is gone: \(error.message)")
        }
    }

    /// A session that had none yet joins the one of its key; nil when that one turns out to be gone.
    private func rejoin(_ held: SandboxRow, _ row: SessionRow) async throws -> (any Sandbox)? {
        do {
            guard held.reference != nil else { throw SandboxError(.notFound, "it was never made") }
            let sandbox = try await channel(to: held, of: row)
            try await settle(row, sandbox, decision: nil)
            return sandbox
        } catch let error as SandboxError where error.code == .notFound {
            try await cleanUp(held)
            return nil
        }
    }

    func channel(to held: SandboxRow) async throws -> any Sandbox {
        if let live = sandboxes[held.id] { return live }
        let backend = try registry.backend(held.backend)
        guard let text = held.reference else { throw SandboxError(.notFound, "it was never made", backend: held.backend) }
        let reference: SandboxReference = try StoredText.decode(text)
        return try await withDeadline(configuration.backendTimeout, "taking up sandbox \(held.id)") {
            try await backend.attach(to: reference)
        }
    }

    /// Commits that a sandbox serves a session, and only then lets anybody have it.
    func settle(_ row: SessionRow, _ sandbox: any Sandbox, decision: RouteDecision?) async throws {
        let reference = sandbox.reference
        let text = try decision.map { try StoredText.encode($0) }
        let engine = identity.id
        let referenceText = try StoredText.encode(reference)
        try await store.write { transaction in
            try transaction.setReference(referenceText, of: reference.id)
            try transaction.setState(.ready, of: reference.id)
            try transaction.advance(row.id, .made, ["backend": reference.backend.rawValue, "sandbox": reference.id.rawValue]) { row in
                row.sandbox = reference.id
                row.backend = reference.backend
                row.engine = engine
                row.decision = text ?? row.decision
            }
        }
        use(sandbox, for: row)
    }

    private func use(_ sandbox: any Sandbox, for row: SessionRow) {
        sandboxes.add(sandbox, for: row.id)
        guard let sync = try? Self.sync(of: row), sandboxes.sync(row.id, sync) else { return }
        attend(row.id, sync, sandbox)
    }

    private func vanished(_ row: SessionRow, _ reason: String) async throws -> any Sandbox {
        _ = try await store.write { transaction in try transaction.advance(row.id, .vanished, ["reason": reason]) { $0.failure = reason } }
        if let sandbox = row.sandbox {
            sandboxes.drop(sandbox)
            // The execs that this engine follows find out by themselves; waiting for them here would wait for this very call.
            await settleExecs(in: row.id, reason, waiting: false)
        }
        throw SandboxError(
            .conflict, "session \(row.id) failed: \(reason)", remedy: "close it and open another one", backend: row.backend)
    }

    /// Removes what a sandbox's row stands for, then the row.
    func cleanUp(_ held: SandboxRow) async throws {
        let backend = try registry.backend(held.backend)
        let owner = store.owner
        try await withDeadline(configuration.backendTimeout, "removing sandbox \(held.id)") {
            if let text = held.reference {
                try await backend.remove(try StoredText.decode(text))
            } else {
                for reference in try await backend.list(owner: owner) where reference.id == held.id { try await backend.remove(reference) }
            }
        }
        sandboxes.drop(held.id)
        try await store.write { try $0.deleteSandbox(held.id) }
    }
}
