import SandboxCore
import SandboxStore

extension Engine {
    /// The decision for a session that joins a sandbox which is there already; nil when there is none.
    func joined(_ key: String, _ plan: SessionPlan) async throws -> RouteDecision? {
        guard let held = try await store.read({ try $0.sandbox(key: key) }), held.state == .ready else { return nil }
        try refuseMismatch(held, plan)
        let backend = try registry.backend(held.backend)
        let reason = RouteDecision.Reason(
            backend: held.backend, verdict: .chosen, reason: "joins sandbox \(held.id), which its scope shares")
        let others = registry.backends.map(\.descriptor.id).filter { $0 != held.backend }.map {
            RouteDecision.Reason(backend: $0, verdict: .rejected, reason: "the scope's sandbox is on \(held.backend)")
        }
        return RouteDecision(
            chosen: held.backend, isolation: backend.descriptor.isolation, isAutomatic: plan.backend == nil, reasons: [reason] + others)
    }

    /// Sessions that share a sandbox want the same one.
    func refuseMismatch(_ held: SandboxRow, _ plan: SessionPlan) throws {
        let remedy = "ask for the same, use another scope, or close the sessions that share it"
        if let named = plan.backend, named != held.backend {
            throw SandboxError(
                .conflict, "the sandbox that this scope shares is on \(held.backend), not on \(named)", remedy: remedy,
                backend: held.backend)
        }
        let isolation = try registry.backend(held.backend).descriptor.isolation
        if let floor = plan.floor, isolation < floor {
            throw SandboxError(.conflict, "the sandbox that this scope shares is below the floor '\(floor.rawValue)'", remedy: remedy)
        }
        guard try StoredText.decode(held.shape, as: SandboxShape.self) == SandboxShape(plan) else {
            throw SandboxError(
                .conflict, "the sandbox that this scope shares has another image, workspace, home, mounts, limits or network",
                remedy: remedy)
        }
    }
}
