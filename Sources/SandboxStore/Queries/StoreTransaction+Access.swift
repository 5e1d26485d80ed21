import GRDB
import SandboxCore

extension StoreTransaction {
    /// Adds an access token.
    public func insert(_ row: AccessTokenRow) throws {
        try run(
            """
            INSERT INTO access_tokens (id, name, digest, scopes, session, created_at, expires_at, last_used_at) VALUES (?,?,?,?,?,?,?,?)
            """,
            [row.id, row.name, row.digest, row.scopes, row.session?.rawValue, row.createdAt, row.expiresAt, row.lastUsedAt])
    }

    /// An access token by id.
    public func accessToken(_ id: String) throws -> AccessTokenRow? {
        try row("SELECT * FROM access_tokens WHERE id=?", [id]).map(AccessTokenRow.init)
    }

    /// Every access token, oldest first.
    public func accessTokens() throws -> [AccessTokenRow] {
        try rows("SELECT * FROM access_tokens ORDER BY created_at, id").map(AccessTokenRow.init)
    }

    /// How many access tokens there are.
    public func accessTokenCount() throws -> Int {
        try row("SELECT count(*) AS number FROM access_tokens", [])?["number"] ?? 0
    }

    /// Forgets an access token; false when there is none.
    public func deleteAccessToken(_ id: String) throws -> Bool {
        try run("DELETE FROM access_tokens WHERE id=?", [id])
        return database.changesCount == 1
    }

    /// Notes that an access token was used.
    public func touchAccessToken(_ id: String, at time: Int64) throws {
        try run("UPDATE access_tokens SET last_used_at=max(coalesce(last_used_at, 0), ?) WHERE id=?", [time, id])
    }

    /// Forgets tokens and codes that expired before a time, and tokens for sessions that are closed.
    public func deleteExpiredAccess(before time: Int64) throws {
        try run("DELETE FROM access_tokens WHERE expires_at IS NOT NULL AND expires_at<?", [time])
        try run(
            "DELETE FROM access_tokens WHERE session IS NOT NULL AND session NOT IN (SELECT id FROM sessions WHERE state<>'closed')", [])
        try run("DELETE FROM login_codes WHERE expires_at<?", [time])
    }

    /// Adds a login code.
    public func insert(_ row: LoginCodeRow) throws {
        try run(
            "INSERT INTO login_codes (id, digest, scopes, maker, created_at, expires_at, life_milliseconds) VALUES (?,?,?,?,?,?,?)",
            [row.id, row.digest, row.scopes, row.maker, row.createdAt, row.expiresAt, row.lifeMilliseconds])
    }

    /// A login code by id.
    public func loginCode(_ id: String) throws -> LoginCodeRow? {
        try row("SELECT * FROM login_codes WHERE id=?", [id]).map(LoginCodeRow.init)
    }

    /// How many login codes wait to be used.
    public func loginCodeCount() throws -> Int { try row("SELECT count(*) AS number FROM login_codes", [])?["number"] ?? 0 }

    /// Forgets a login code; false when there is none.
    public func deleteLoginCode(_ id: String) throws -> Bool {
        try run("DELETE FROM login_codes WHERE id=?", [id])
        return database.changesCount == 1
    }

    /// A fact about the data directory that is written once; nil when it was not.
    public func fact(_ key: String) throws -> String? {
        try row("SELECT value FROM meta WHERE key=?", ["fact/" + key])?["value"]
    }

    /// Writes a fact about the data directory; what it was before is gone.
    public func setFact(_ key: String, to value: String) throws {
        try run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value=excluded.value", ["fact/" + key, value])
    }
}
