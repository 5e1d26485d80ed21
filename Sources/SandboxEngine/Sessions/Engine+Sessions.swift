public import SandboxCore
import SandboxStore

extension Engine {
    /// Opens a session. With `prepare` its sandbox exists when this returns, and a session whose sandbox cannot be made is closed again; without,
    /// the first use makes it.
    public func open(_ request: SessionRequest, prepare: Bool = true) async throws -> SessionRecord {
        let plan = try SessionPlan(request, configuration)
        let scope = request.scope ?? configuration.scope
        if scope == .agent, request.agent == nil {
            throw SandboxError(
                .invalidArgument, "the scope 'agent' needs the name of an agent", remedy: "name one, or choose another scope")
        }
        let id = SessionID.random()
        let shared = SandboxKey.make(scope, session: id, agent: request.agent)
        let key = scope == .session || plan.wantsSandbox(configuration.mode) ? shared : "host/" + shared
        var decision = try await joined(key, plan)
        if decision == nil { decision = try await route(plan).decision }
        guard let decision else { throw SandboxError(.internalError, "no backend was decided on") }
        let now = Timestamp.now().milliseconds
        let row = SessionRow(
            id: id, name: request.name, scope: scope.rawValue, sandboxKey: key, state: SessionState.opening.rawValue,
            backend: decision.chosen,
            plan: try StoredText.encode(plan), decision: try StoredText.encode(decision), engine: identity.id,
            endsWithEngine: plan.endsWithCreator, createdAt: now, lastUsedAt: now, idleMilliseconds: plan.idleTimeToLive?.wholeMilliseconds,
            lifeMilliseconds: plan.maximumLife?.wholeMilliseconds)
        secrets[id] = request.environment
        do {
            try await store.write { transaction in
                try transaction.insert(row)
                try transaction.announce(.sessionOpened, session: id, ["backend": row.backend.rawValue, "scope": row.scope])
            }
        } catch {
            secrets[id] = nil
            throw error
        }
        if row.idleMilliseconds != nil || row.lifeMilliseconds != nil { leases.notify() }
        guard prepare else { return try SessionRecord(row, isBusy: false) }
        do {
            _ = try await self.prepare(id)
        } catch {
            await withoutCancellation { try? await self.close(id, force: true) }
            throw error
        }
        return try await session(id.rawValue)
    }

    /// A session by id, or by name among those not closed. Throws `notFound`.
    public func session(_ idOrName: String) async throws -> SessionRecord {
        try await store.read { transaction in
            let row = try transaction.session(idOrName: idOrName)
            return try SessionRecord(row, isBusy: !transaction.execs(in: row.id, includingEnded: false).isEmpty)
        }
    }

    /// The id of a session that is named by it or by its name. Throws `notFound`.
    public func sessionID(_ idOrName: String) async throws -> SessionID {
        try await store.read { try $0.session(idOrName: idOrName).id }
    }

    /// All sessions, oldest first.
    public func sessions(includingClosed: Bool = false) async throws -> [SessionRecord] {
        try await store.read { transaction in
            let busy = try transaction.sessionsWithLiveExecs()
            return try transaction.sessions(includingClosed: includingClosed).map { try SessionRecord($0, isBusy: busy.contains($0.id)) }
        }
    }

    /// Changes a session. Backend, override and limits change only while no sandbox was made; afterwards they throw `unsupported`.
    public func update(_ id: SessionID, _ patch: SessionPatch) async throws -> SessionRecord {
        if let name = patch.name { try SessionPlan.checkName(name) }
        if let environment = patch.environment { try SessionSecrets.check(environment) }
        try SessionPlan.checkLabels(patch.labels.compactMapValues { $0 })
        for case .after(let life)? in [patch.idleTimeToLive, patch.maximumLife] { try SessionPlan.checkLife(life) }
        let before = try await sessionRow(id)
        // The lock keeps a preparation from reading one half of the change.
        let lock = try await locks.take(before.sandboxKey)
        defer { lock.unlock() }
        var row = try await sessionRow(id)
        var plan: SessionPlan = try StoredText.decode(row.plan)
        try refuseChange(of: row, patch)
        plan.apply(patch)
        try SessionPlan.checkLabels(plan.labels ?? [:])
        if patch.backend != nil || patch.sandbox != nil || patch.limits != nil {
            let decision = try await route(plan).decision
            row.backend = decision.chosen
            row.decision = try StoredText.encode(decision)
        }
        row.name = patch.name ?? row.name
        row.plan = try StoredText.encode(plan)
        row.idleMilliseconds = plan.idleTimeToLive?.wholeMilliseconds
        row.lifeMilliseconds = plan.maximumLife?.wholeMilliseconds
        let changed = row
        try await store.write { transaction in
            try transaction.update(changed)
            try transaction.announce(.sessionUpdated, session: id, ["fields": patch.fieldNames.joined(separator: " ")])
        }
        if let environment = patch.environment { secrets[id] = environment }
        leases.notify()
        return try await session(id.rawValue)
    }

    func sessionRow(_ id: SessionID) async throws -> SessionRow {
        guard let row = try await store.read({ try $0.session(id) }) else {
            throw SandboxError(.notFound, "there is no session '\(id)'", remedy: "list the sessions, or open one")
        }
        return row
    }

    private func refuseChange(of row: SessionRow, _ patch: SessionPatch) throws {
        guard row.state == SessionState.opening.rawValue || row.state == SessionState.ready.rawValue || row.mayRetry else {
            throw SandboxError(.conflict, "session \(row.id) is \(row.state)", remedy: "open another one")
        }
        if patch.backend != nil || patch.sandbox != nil || patch.limits != nil, row.state == SessionState.ready.rawValue {
            throw SandboxError(
                .unsupported, "session \(row.id) has its sandbox already: backend, limits and on/off cannot change any more",
                remedy: "open another session")
        }
    }

    /// Runs work to its end although the caller may be cancelled.
    func withoutCancellation(_ work: @escaping @Sendable () async -> Void) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let started = tasks.start {
                await work()
                continuation.resume()
            }
            if !started { continuation.resume() }
        }
    }
}

extension SessionPlan {
    fileprivate mutating func apply(_ patch: SessionPatch) {
        sandbox = patch.sandbox ?? sandbox
        backend = patch.backend ?? backend
        limits = patch.limits ?? limits
        if let life = patch.idleTimeToLive { idleTimeToLive = life.duration }
        if let life = patch.maximumLife { maximumLife = life.duration }
        if let environment = patch.environment { environmentNames = environment.keys.sorted() }
        if !patch.labels.isEmpty {
            var changed = labels ?? [:]
            for (name, value) in patch.labels { changed[name] = value }
            labels = changed.isEmpty ? nil : changed
        }
    }
}

extension SessionPatch {
    fileprivate var fieldNames: [String] {
        var names: [String] = []
        if name != nil { names.append("name") }
        if sandbox != nil { names.append("sandbox") }
        if backend != nil { names.append("backend") }
        if limits != nil { names.append("limits") }
        if idleTimeToLive != nil { names.append("idle-time-to-live") }
        if maximumLife != nil { names.append("maximum-life") }
        if environment != nil { names.append("environment") }
        if !labels.isEmpty { names.append("labels") }
        return names
    }
}

extension SessionPatch.TimeToLive {
    fileprivate var duration: Duration? { if case .after(let duration) = self { duration } else { nil } }
}

extension StoreTransaction {
    fileprivate func session(idOrName: String) throws -> SessionRow {
        let byID = try (try? SessionID(validating: idOrName)).flatMap { try session($0) }
        if let row = try byID ?? session(named: idOrName) { return row }
        throw SandboxError(.notFound, "there is no session '\(idOrName.prefix(80))'", remedy: "list the sessions, or open one")
    }
}
