import Logging
import SandboxCore
import SandboxStore

extension Engine {
    /// Gives a session whose engine has gone a sandbox as the backend's settings are now, with the same workspace, when its own was made under
    /// other ones. Nil when it keeps its own: it is as it shall be, a command runs in it, others share it, or no new one can be made; the event
    /// tells which. The lock of its key is held.
    func renewed(_ held: SandboxRow, _ row: SessionRow) async -> (any Sandbox)? {
        // Beside a living engine, perhaps one with other settings, nothing is replaced: the two would take turns.
        guard !identity.isAlive(row.engine) else { return nil }
        do {
            let plan: SessionPlan = try StoredText.decode(row.plan)
            guard try await isOutdated(held, row, plan) else { return nil }
            return try await replace(row, by: plan, on: try await stay(held, row, plan))
        } catch is CancellationError {
            return nil
        } catch {
            let reason = (error as? SandboxError)?.description ?? "\(error)"
            logger.notice("a sandbox stays as it is", metadata: ["session.id": "\(row.id)", "reason": "\(reason)"])
            store.enqueue { transaction in
                try transaction.announce(
                    .sandboxOutdated, session: row.id, ["backend": held.backend.rawValue, "sandbox": held.id.rawValue, "reason": reason])
            }
            return nil
        }
    }

    /// The session's decision once more: the same backend, unless its settings put it below the floor.
    private func stay(_ held: SandboxRow, _ row: SessionRow, _ plan: SessionPlan) async throws -> RouteDecision {
        var named = plan
        named.backend = held.backend
        if plan.backend == nil { named.floor = plan.floor ?? configuration.floor }
        var decision: RouteDecision = try StoredText.decode(row.decision)
        decision.isolation = try await route(named).decision.isolation
        return decision
    }

    private func isOutdated(_ held: SandboxRow, _ row: SessionRow, _ plan: SessionPlan) async throws -> Bool {
        guard let backend = try registry.backend(held.backend) as? any SettingShapedBackend, let text = held.reference else { return false }
        let reference: SandboxReference = try StoredText.decode(text)
        var spec = try specification(row, plan, .backendDefault)
        spec.id = held.id
        let made = spec
        return try await withDeadline(configuration.backendTimeout, "comparing sandbox \(held.id) with the settings") {
            try await backend.isOutdated(reference, as: made)
        }
    }
}
