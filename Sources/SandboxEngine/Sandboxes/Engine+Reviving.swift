import Logging
import SandboxCore
import SandboxStore

extension Engine {
    /// A channel to a session's sandbox. One that died and left its files is started again over them: after a reboot, or when somebody killed what
    /// held it, the work that was in it is still the session's. The lock of its key is held. Throws `notFound` when it is gone for good.
    func channel(to held: SandboxRow, of row: SessionRow) async throws -> any Sandbox {
        do {
            return try await channel(to: held)
        } catch let gone as SandboxError where gone.code == .notFound {
            guard held.state == .ready, let text = held.reference, let backend = try registry.backend(held.backend) as? any RevivingBackend
            else { throw gone }
            let plan: SessionPlan = try StoredText.decode(row.plan)
            var spec = try specification(row, plan, try await images.ready(plan, on: held.backend).choice)
            // What was to end with its engine has ended.
            guard !spec.endsWithCreator else { throw gone }
            spec.id = held.id
            return try await revive(held, try StoredText.decode(text), spec, backend, row, because: gone)
        }
    }

    private func revive(
        _ held: SandboxRow, _ reference: SandboxReference, _ spec: SandboxSpec, _ backend: any RevivingBackend, _ row: SessionRow,
        because gone: SandboxError
    ) async throws -> any Sandbox {
        sandboxes.drop(held.id)
        let sessions = try await store.read { try $0.openSessions(key: held.key) }.filter { $0.sandbox == held.id }
        for session in sessions { await settleExecs(in: session.id, "its sandbox died: \(gone.message)", waiting: false) }
        let store = store
        let sandbox = try await withDeadline(configuration.preparationTimeout, "starting sandbox \(held.id) again") {
            try await backend.revive(reference, as: spec) { reference in
                let text = try StoredText.encode(reference)
                try await store.write { try $0.setReference(text, of: held.id) }
            }
        }
        try await store.write { transaction in
            let facts = ["backend": held.backend.rawValue, "sandbox": held.id.rawValue, "reason": gone.message]
            try transaction.announce(.sandboxRevived, session: row.id, facts)
        }
        logger.notice("a dead sandbox runs again over its files", metadata: ["session.id": "\(row.id)", "sandbox.id": "\(held.id)"])
        return sandbox
    }
}
