import Logging
public import SandboxCore
import SandboxStore
import SandboxWorkspace
import SystemPackage

extension Engine {
    /// Gives a living session a sandbox on another backend or from another image, with the same workspace. The new one is made and filled before
    /// anything of the old one ends; on any failure the session keeps the old one. What lies outside of the workspace stays behind.
    ///
    /// Throws `conflict` while a command runs (`force` kills it) or when other sessions share the sandbox.
    public func move(
        _ id: SessionID, to backend: BackendID? = nil, image: ImageChoice? = nil, force: Bool = false
    ) async throws -> SessionRecord {
        let before = try await sessionRow(id)
        if !force { await collectEnds(in: before) }
        let lock = try await locks.take(before.sandboxKey)
        defer { lock.unlock() }
        let row = try await sessionRow(id)
        var plan: SessionPlan = try StoredText.decode(row.plan)
        plan.backend = backend ?? plan.backend
        plan.image = image ?? plan.image
        _ = try await replace(row, by: plan, on: try await route(plan).decision, force: force)
        return try await session(id.rawValue)
    }

    /// Does it, with the lock of the session's sandbox held, on the backend of a decision.
    func replace(_ row: SessionRow, by plan: SessionPlan, on decision: RouteDecision, force: Bool = false) async throws -> any Sandbox {
        var decision = decision
        let key = row.sandboxKey
        // The new sandbox has a key of its own until it is the session's: this lock keeps the reaper from it.
        let moving = try await locks.take(Self.movingKey(key))
        defer { moving.unlock() }
        let (held, old) = try await movable(row, force: force)
        let image = try await images.ready(plan, on: decision.chosen)
        decision.image = image.decision
        let made = try await makeBeside(held, row, plan, decision, image)
        do {
            try await carryOver(from: old, to: made, plan)
            try await flip(row, held, made, plan, decision, force: force)
        } catch {
            await withoutCancellation { await self.discard(made.reference.id) }
            throw error
        }
        do {
            try await cleanUp(held)
        } catch {
            logger.warning("the sandbox before is left to the reaper", metadata: ["sandbox.id": "\(held.id)", "error": "\(error)"])
        }
        return made
    }

    private static func movingKey(_ key: String) -> String { "moving/" + key }

    /// The session's sandbox, with nothing running in it.
    private func movable(_ row: SessionRow, force: Bool) async throws -> (SandboxRow, any Sandbox) {
        let (held, others, execs) = try await store.read { transaction in
            (
                try transaction.sandbox(key: row.sandboxKey),
                try transaction.openSessions(key: row.sandboxKey).contains { $0.id != row.id && $0.sandbox != nil },
                try transaction.execs(in: row.id, includingEnded: false)
            )
        }
        guard row.state == SessionState.ready.rawValue, let held, held.id == row.sandbox, held.state == .ready else {
            throw SandboxError(
                .conflict, "session \(row.id) has no sandbox to move from", remedy: "change it with an update, or open another one")
        }
        guard !others else {
            throw SandboxError(
                .conflict, "other sessions share the sandbox of session \(row.id)", remedy: "close them, or open a session of its own scope"
            )
        }
        let sandbox = try await channel(to: held, of: row)
        if let exec = execs.first {
            guard force else {
                throw SandboxError(
                    .conflict, "exec \(exec.id) of session \(row.id) is not over", remedy: "wait for it, cancel it, or move with force")
            }
            try await stopExecs(of: row, in: sandbox)
        }
        return (held, sandbox)
    }

    private func makeBeside(
        _ held: SandboxRow, _ row: SessionRow, _ plan: SessionPlan, _ decision: RouteDecision, _ image: ReadyImage
    ) async throws -> any Sandbox {
        let backend = try registry.backend(decision.chosen)
        let spec = try specification(row, plan, image.choice)
        let new = SandboxRow(
            id: spec.id, key: Self.movingKey(held.key), backend: decision.chosen, shape: try StoredText.encode(SandboxShape(plan)),
            engine: identity.id, createdAt: Timestamp.now().milliseconds)
        try await store.write { transaction in
            // What a killed engine left of the same attempt.
            if let left = try transaction.sandbox(key: new.key) { try transaction.setState(.doomed, of: left.id) }
            try transaction.insert(new)
            try transaction.announce(.preparing, session: row.id, ["backend": decision.chosen.rawValue, "sandbox": spec.id.rawValue])
        }
        do {
            let store = store
            let sandbox = try await withDeadline(configuration.preparationTimeout, "making a sandbox with \(decision.chosen)") {
                try await backend.create(spec) { reference in
                    let text = try StoredText.encode(reference)
                    try await store.write { try $0.setReference(text, of: spec.id) }
                }
            }
            try await provision(image.provisions, in: sandbox, for: row, plan)
            return sandbox
        } catch {
            await withoutCancellation { await self.discard(spec.id) }
            throw error
        }
    }

    /// The whole workspace, what ignore rules leave out included: the agent goes on where it was. A mounted one is there already.
    private func carryOver(from old: any Sandbox, to new: any Sandbox, _ plan: SessionPlan) async throws {
        if case .mounted = plan.workspace { return }
        let refused = try await new.files.import(try await old.files.export(old.workspacePath, paths: []), into: new.workspacePath)
        if let (path, reason) = refused.first(where: { !$0.reason.hasPrefix("it is ") }) {
            throw SandboxError(
                .unsupported, "\(refused.count) paths of the workspace cannot be carried over, the first \(path): \(reason)",
                remedy: "remove them, or stay", backend: new.reference.backend)
        }
        let left = Set(refused.map(\.path))
        async let before = Self.outline(of: old)
        async let after = Self.outline(of: new)
        let (was, now) = (try await before.filter { !left.contains($0.key) }, try await after)
        guard was == now else {
            throw SandboxError(
                .conflict, "the workspace changed while it was carried over", remedy: "end what writes to it, and try again",
                backend: new.reference.backend)
        }
    }

    private struct Outline: Equatable, Sendable {
        var kind: FileKind
        var mode: UInt32
        var size: UInt64
        var target: FilePath?
    }

    private static func outline(of sandbox: any Sandbox) async throws -> [FilePath: Outline] {
        var all: [FilePath: Outline] = [:]
        for try await entry in try await sandbox.files.manifest(of: sandbox.workspacePath, digests: false) {
            let isFile = entry.kind == .regular
            all[entry.path] = Outline(
                kind: entry.kind, mode: entry.kind == .symbolicLink ? 0 : entry.mode & 0o777, size: isFile ? entry.size : 0,
                target: entry.linkTarget)
        }
        return all
    }

    /// From one commit to the next the session has the other sandbox.
    private func flip(
        _ row: SessionRow, _ held: SandboxRow, _ made: any Sandbox, _ plan: SessionPlan, _ decision: RouteDecision, force: Bool
    ) async throws {
        let (reference, engine) = (made.reference, identity.id)
        let texts = (try StoredText.encode(plan), try StoredText.encode(decision), try StoredText.encode(reference))
        try await store.write { transaction in
            guard var current = try transaction.session(row.id), current.state == SessionState.ready.rawValue, current.sandbox == held.id
            else {
                throw SandboxError(.conflict, "session \(row.id) is not ready any more", remedy: "look at it")
            }
            // Commands that another engine started meanwhile, which takes no lock. One that comes later finds the new sandbox in the row.
            if !force, let exec = try transaction.execs(in: row.id, includingEnded: false).first {
                throw SandboxError(
                    .conflict, "exec \(exec.id) of session \(row.id) was started meanwhile", remedy: "wait for it, and try again")
            }
            if var workspace = try transaction.workspace(held.id) {
                // What proved something about the old files proves nothing about their copies.
                let base = try BaseKeeper.indices(of: try transaction.base(of: held.id)).now.withoutSandboxStamps()
                workspace.sandbox = reference.id
                try transaction.put(workspace)
                try transaction.setBase(base.encoded(), of: reference.id)
            }
            try transaction.setState(.doomed, of: held.id)
            try transaction.setKey(row.sandboxKey, of: reference.id)
            try transaction.setReference(texts.2, of: reference.id)
            try transaction.setState(.ready, of: reference.id)
            current.sandbox = reference.id
            current.backend = reference.backend
            current.plan = texts.0
            current.decision = texts.1
            current.engine = engine
            try transaction.update(current)
            try transaction.announce(
                .sessionMoved, session: row.id,
                ["from": held.backend.rawValue, "to": reference.backend.rawValue, "sandbox": reference.id.rawValue])
        }
        sandboxes.add(made, for: row.id)
        if case .synced(let sync) = plan.workspace { attend(row.id, sync, made) }
    }
}
