import Logging
import SandboxCore
import SandboxStore
import SystemPackage

extension Engine {
    /// Makes the sandbox of a session on the first backend that can; the lock of its key is held. Only an automatic choice moves on to the next
    /// backend, only for `unavailable`, and only while nothing was made.
    func make(_ row: SessionRow, _ plan: SessionPlan, _ image: ReadyImage?) async throws -> any Sandbox {
        do {
            let route = try await route(plan)
            var decision = route.decision
            var remaining = route.candidates[...]
            while let id = remaining.popFirst() {
                do {
                    return try await make(row, plan, on: id, decision, image)
                } catch let error as SandboxError where error.code == .unavailable && decision.isAutomatic {
                    registry.distrust(id)
                    guard let next = remaining.first else { throw error }
                    decision.failOver(to: next, isolation: try registry.backend(next).descriptor.isolation, because: error.description)
                    try await store.write { transaction in
                        let facts = ["from": id.rawValue, "to": next.rawValue, "reason": error.description]
                        try transaction.announce(.failover, session: row.id, facts)
                    }
                }
            }
            throw SandboxError(.internalError, "the route of session \(row.id) names no backend")
        } catch {
            await note(error, for: row)
            throw error
        }
    }

    private func make(_ row: SessionRow, _ plan: SessionPlan, on id: BackendID, _ decision: RouteDecision, _ built: ReadyImage?)
        async throws -> any Sandbox
    {
        let backend = try registry.backend(id)
        let image = if let built, built.backend == id { built } else { try await images.ready(plan, on: id) }
        var decision = decision
        decision.image = image.decision
        let spec = try specification(row, plan, image.choice)
        let held = SandboxRow(
            id: spec.id, key: row.sandboxKey, backend: id, shape: try StoredText.encode(SandboxShape(plan)), engine: identity.id,
            createdAt: Timestamp.now().milliseconds)
        try await store.write { transaction in
            try transaction.insert(held)
            var facts = ["backend": id.rawValue, "sandbox": spec.id.rawValue]
            facts["image"] = image.decision.built ?? image.decision.image
            try transaction.announce(.preparing, session: row.id, facts)
        }
        do {
            let store = store
            async let noted: Void = noteMounted(row, plan)
            let sandbox = try await withDeadline(configuration.preparationTimeout, "making a sandbox with \(id)") {
                try await backend.create(spec) { reference in
                    let text = try StoredText.encode(reference)
                    try await store.write { try $0.setReference(text, of: spec.id) }
                }
            }
            await noted
            try await provision(image.provisions, in: sandbox, for: row, plan)
            if case .synced(let sync) = plan.workspace { try await fill(sandbox, for: row, sync) }
            try await settle(row, sandbox, decision: decision)
            return sandbox
        } catch {
            await withoutCancellation { await self.discard(held.id) }
            throw error
        }
    }

    /// After a failure nothing may be left; what cannot be removed now is the reaper's.
    func discard(_ id: SandboxID) async {
        do {
            guard let held = try await store.read({ try $0.sandbox(id) }) else { return }
            do {
                try await cleanUp(held)
            } catch {
                logger.warning("a sandbox is left to the reaper", metadata: ["sandbox.id": "\(id)", "error": "\(error)"])
                try await store.write { try $0.setState(.doomed, of: id) }
            }
        } catch {
            logger.error("a sandbox's row cannot be changed", metadata: ["sandbox.id": "\(id)", "error": "\(error)"])
        }
    }

    /// Failures that the same request may not meet again: an engine that starts, a slow moment, room that others free.
    private static let passing: Set<SandboxError.Code> = [.unavailable, .timeout, .limitExceeded, .conflict]

    func note(_ error: any Error, for row: SessionRow) async {
        // A shutdown in the midst of it is no failure of the session: the next use tries again.
        if error is CancellationError { return }
        let reason = (error as? SandboxError)?.description ?? "\(error)"
        let mayPass = (error as? SandboxError).map { Self.passing.contains($0.code) } ?? false
        do {
            _ = try await store.write { transaction in
                try transaction.advance(row.id, .makingFailed, ["reason": reason]) { row in
                    row.failure = reason
                    row.mayRetry = mayPass
                }
            }
        } catch {
            logger.error("a failed preparation cannot be recorded", metadata: ["session.id": "\(row.id)", "error": "\(error)"])
        }
    }

    /// The session's environment stays out of it: backends may write a specification to disk, so each exec carries its own.
    func specification(_ row: SessionRow, _ plan: SessionPlan, _ image: ImageChoice) throws -> SandboxSpec {
        let isOwn = row.scope == SessionScope.session.rawValue
        var spec = SandboxSpec(
            owner: store.owner, session: isOwn ? row.id : nil, image: image, workspace: plan.workspace.asMade,
            workspacePath: plan.workspacePath,
            home: try home(plan.home, key: row.sandboxKey), mounts: plan.mounts, limits: plan.limits, network: plan.network,
            // A killed engine must not take work along that was not brought out: whoever closes the session does that first.
            endsWithCreator: plan.endsWithCreator && isOwn && plan.workspace.asMade == plan.workspace)
        spec.timeZone = plan.timeZone
        if let hostname = plan.hostname { spec.hostname = hostname }
        return spec
    }

    private func home(_ persistence: HomePersistence, key: String) throws -> HomeChoice {
        guard persistence != .ephemeral else { return .ephemeral }
        let directory = homeDirectory(key: persistence == .shared ? "shared" : key)
        try DataDirectory.make(directory)
        return .directory(directory)
    }

    func homeDirectory(key: String) -> FilePath {
        configuration.dataDirectory.appending("home").appending(SandboxKey.fileName(key))
    }
}

extension RouteDecision {
    fileprivate mutating func failOver(to next: BackendID, isolation: Isolation, because reason: String) {
        for index in reasons.indices {
            if reasons[index].backend == chosen { reasons[index] = Reason(backend: chosen, verdict: .failedOver, reason: reason) }
            if reasons[index].backend == next {
                reasons[index] = Reason(backend: next, verdict: .chosen, reason: "\(chosen) could not make a sandbox")
            }
        }
        chosen = next
        self.isolation = isolation
    }
}

extension WorkspaceChoice {
    /// What a backend makes of it: a synced workspace begins as an empty one.
    fileprivate var asMade: WorkspaceChoice { if case .synced = self { .private } else { self } }
}
