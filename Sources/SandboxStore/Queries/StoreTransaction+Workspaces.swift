import Foundation
import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Adds or replaces the workspace of a sandbox.
    public func put(_ row: WorkspaceRow) throws {
        try run(
            """
            INSERT INTO workspaces (sandbox, sandbox_key, directory, base, pushed_at, pulled_at, failure) VALUES (?,?,?,?,?,?,?)
            ON CONFLICT (sandbox) DO UPDATE SET sandbox_key=excluded.sandbox_key, directory=excluded.directory, base=excluded.base,
                pushed_at=excluded.pushed_at, pulled_at=excluded.pulled_at, failure=excluded.failure
            """,
            [row.sandbox.rawValue, row.key, row.directory, Data(row.base), row.pushedAt, row.pulledAt, row.failure])
    }

    /// Notes what both sides agree on now. Throws `conflict` when the sandbox is not known any more.
    public func setBase(_ base: [UInt8], of sandbox: SandboxID) throws {
        try run("UPDATE workspaces SET base=? WHERE sandbox=?", [Data(base), sandbox.rawValue])
        guard database.changesCount == 1 else {
            throw SandboxError(.conflict, "sandbox \(sandbox) has no synced workspace any more", remedy: "look at the session")
        }
    }

    /// Notes how the last push or pull went.
    public func setSynced(_ sandbox: SandboxID, pushedAt: Int64? = nil, pulledAt: Int64? = nil, failure: String?) throws {
        try run(
            "UPDATE workspaces SET pushed_at=coalesce(?, pushed_at), pulled_at=coalesce(?, pulled_at), failure=? WHERE sandbox=?",
            [pushedAt, pulledAt, failure, sandbox.rawValue])
    }

    /// The workspace of a sandbox.
    public func workspace(_ sandbox: SandboxID) throws -> WorkspaceRow? {
        try row("SELECT * FROM workspaces WHERE sandbox=?", [sandbox.rawValue]).map(WorkspaceRow.init)
    }

    /// Every workspace.
    public func workspaces() throws -> [WorkspaceRow] { try rows("SELECT * FROM workspaces ORDER BY sandbox").map(WorkspaceRow.init) }
}
