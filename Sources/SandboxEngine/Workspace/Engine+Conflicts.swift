public import SandboxCore
import SandboxStore
public import SandboxWorkspace

extension Engine {
    /// What was kept aside for a session and not settled, by path. It stays when the session is closed.
    public func conflicts(of id: SessionID) async throws -> [WorkspaceConflict] {
        try conflictStore(try await sessionRow(id).sandboxKey).all()
    }

    /// One conflict by id, or by path when there is only one about it.
    public func conflict(_ name: String, of id: SessionID) async throws -> WorkspaceConflict {
        try conflictStore(try await sessionRow(id).sandboxKey).conflict(name)
    }

    /// The versions of a conflict that have content to look at.
    public func versions(of conflict: WorkspaceConflict, in id: SessionID) async throws -> [ConflictVersion] {
        let (row, sync) = try await syncedSession(id)
        return conflictStore(row.sandboxKey).versions(of: conflict, in: sync.directory)
    }

    /// The content of a version of a conflict; nil when it is no file or was not kept. More than 16 MiB are refused.
    public func content(of name: String, _ version: ConflictVersion, in id: SessionID) async throws -> [UInt8]? {
        let (row, sync) = try await syncedSession(id)
        let store = conflictStore(row.sandboxKey)
        return try store.content(of: store.conflict(name), version, in: sync.directory)
    }

    /// Settles a conflict. Throws `conflict` when the host's version is not any more the one that the conflict is about.
    public func settle(_ name: String, of id: SessionID, _ settlement: ConflictSettlement) async throws {
        let (row, sync) = try await syncedSession(id)
        let lock = try await locks.take("workspace/" + row.sandboxKey)
        defer { lock.unlock() }
        let known = try await store.read { transaction in try row.sandbox.flatMap { try transaction.workspace($0) } }
        let place = workspacePlace(row.sandboxKey)
        let kept = try conflictStore(row.sandboxKey).conflict(name)
        switch settlement {
        case .takeHost: break
        case .takeSandbox: try await WorkspaceSynchronizer.putInPlace(kept, sync.directory, place: place)
        case .merge: try await WorkspaceSynchronizer.putMerged(kept, sync.directory, place: place)
        }
        // From here on the kept version is what both sides had last: whatever differs from it is that side's newer edit.
        if let known {
            var (keeper, base) = try await BaseKeeper.load(known.sandbox, from: store)
            base.settle(kept)
            try await keeper.save(base)
        }
        try await conflictStore(row.sandboxKey).forget(kept)
        try await store.write { transaction in
            try transaction.announce(
                .workspaceSettled, session: id, ["conflict": kept.id, "path": kept.path.description, "settlement": settlement.rawValue])
        }
    }
}
