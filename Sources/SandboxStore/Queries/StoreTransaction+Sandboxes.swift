import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Adds a sandbox that is about to be made. Throws `conflict` when the key has one already.
    public func insert(_ row: SandboxRow) throws {
        if let other = try sandbox(key: row.key) {
            throw SandboxError(.conflict, "sandbox \(other.id) is there already", remedy: "try again")
        }
        try run(
            "INSERT INTO sandboxes (id, sandbox_key, backend, state, reference, shape, engine, created_at) VALUES (?,?,?,?,?,?,?,?)",
            [
                row.id.rawValue, row.key, row.backend.rawValue, row.state.rawValue, row.reference, row.shape, row.engine, row.createdAt,
            ])
    }

    /// Notes where a sandbox is found.
    public func setReference(_ reference: String, of id: SandboxID) throws {
        try run("UPDATE sandboxes SET reference=? WHERE id=?", [reference, id.rawValue])
        guard database.changesCount == 1 else {
            throw SandboxError(.conflict, "sandbox \(id) is not wanted any more", remedy: "open another session")
        }
    }

    /// Gives a sandbox the key of another one, which must be free.
    public func setKey(_ key: String, of id: SandboxID) throws {
        try run("UPDATE sandboxes SET sandbox_key=? WHERE id=?", [key, id.rawValue])
    }

    /// Changes what a sandbox's row stands for.
    public func setState(_ state: SandboxRow.State, of id: SandboxID) throws {
        try run("UPDATE sandboxes SET state=? WHERE id=?", [state.rawValue, id.rawValue])
    }

    /// Forgets a sandbox of which nothing is left, and what its workspace had in common with the host.
    public func deleteSandbox(_ id: SandboxID) throws {
        try run("DELETE FROM sandboxes WHERE id=?", [id.rawValue])
        try run("DELETE FROM workspaces WHERE sandbox=?", [id.rawValue])
        try run("DELETE FROM workspace_bases WHERE sandbox=?", [id.rawValue])
    }

    /// A sandbox by id.
    public func sandbox(_ id: SandboxID) throws -> SandboxRow? {
        try row("SELECT * FROM sandboxes WHERE id=?", [id.rawValue]).map(SandboxRow.init)
    }

    /// The sandbox that a key stands for.
    public func sandbox(key: String) throws -> SandboxRow? {
        try row("SELECT * FROM sandboxes WHERE sandbox_key=? AND state<>'doomed'", [key]).map(SandboxRow.init)
    }

    /// Every sandbox that may leave anything.
    public func sandboxes() throws -> [SandboxRow] { try rows("SELECT * FROM sandboxes ORDER BY created_at, id").map(SandboxRow.init) }
}
