import Foundation
import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Adds or replaces the workspace of a sandbox.
    public func put(_ row: WorkspaceRow) throws {
        try run(
            """
            INSERT INTO workspaces (sandbox, sandbox_key, directory, pushed_at, pulled_at, failure) VALUES (?,?,?,?,?,?)
            ON CONFLICT (sandbox) DO UPDATE SET sandbox_key=excluded.sandbox_key, directory=excluded.directory,
                pushed_at=excluded.pushed_at, pulled_at=excluded.pulled_at, failure=excluded.failure
            """,
            [row.sandbox.rawValue, row.key, row.directory, row.pushedAt, row.pulledAt, row.failure])
    }

    /// Notes what both sides agree on now, as a whole. Throws `conflict` when the sandbox is not known any more.
    public func setBase(_ whole: [UInt8], of sandbox: SandboxID) throws {
        try setPart(.whole, whole, of: sandbox)
        try run("DELETE FROM workspace_bases WHERE sandbox=? AND part=?", [sandbox.rawValue, BasePart.changes.rawValue])
    }

    /// Notes what became different since `setBase`. Throws `conflict` when the sandbox is not known any more.
    public func setBaseChanges(_ changes: [UInt8], of sandbox: SandboxID) throws { try setPart(.changes, changes, of: sandbox) }

    /// What both sides agreed on last.
    public func base(of sandbox: SandboxID) throws -> WorkspaceBase {
        var base = WorkspaceBase()
        for row in try rows("SELECT part, bytes FROM workspace_bases WHERE sandbox=?", [sandbox.rawValue]) {
            let bytes: Data = row["bytes"]
            if row["part"] == BasePart.whole.rawValue { base.whole = Array(bytes) } else { base.changes = Array(bytes) }
        }
        return base
    }

    /// Rows of their own: whatever is noted of a row, SQLite writes all of it anew, and a base can have many megabytes.
    private enum BasePart: Int { case whole = 0, changes = 1 }

    private func setPart(_ part: BasePart, _ bytes: [UInt8], of sandbox: SandboxID) throws {
        guard try workspace(sandbox) != nil else {
            throw SandboxError(.conflict, "sandbox \(sandbox) has no synced workspace any more", remedy: "look at the session")
        }
        try run(
            "INSERT INTO workspace_bases (sandbox, part, bytes) VALUES (?,?,?) ON CONFLICT (sandbox, part) DO UPDATE SET bytes=excluded.bytes",
            [sandbox.rawValue, part.rawValue, Data(bytes)])
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
