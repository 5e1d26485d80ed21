import GRDB
public import SandboxCore

/// An access token. The token itself is not stored, only what recognises it.
public struct AccessTokenRow: Sendable, Equatable {
    public var id: String
    public var name: String
    /// SHA-256 of the token's secret half, 64 hexadecimal digits.
    public var digest: String
    /// Words separated by blanks.
    public var scopes: String
    /// The only session that it opens; nil opens all.
    public var session: SessionID?
    /// Milliseconds since 1970, like every time in the store.
    public var createdAt: Int64
    public var expiresAt: Int64?
    public var lastUsedAt: Int64?

    /// Creates a row.
    public init(
        id: String, name: String, digest: String, scopes: String, session: SessionID? = nil, createdAt: Int64, expiresAt: Int64? = nil,
        lastUsedAt: Int64? = nil
    ) {
        self.id = id
        self.name = name
        self.digest = digest
        self.scopes = scopes
        self.session = session
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }

    init(_ row: Row) throws {
        let sessionText: String? = row["session"]
        self.init(
            id: row["id"], name: row["name"], digest: row["digest"], scopes: row["scopes"],
            session: try sessionText.map(SessionID.init(validating:)), createdAt: row["created_at"], expiresAt: row["expires_at"],
            lastUsedAt: row["last_used_at"])
    }
}

/// A code that is exchanged for an access token once.
public struct LoginCodeRow: Sendable, Equatable {
    public var id: String
    /// SHA-256 of the code's secret half, 64 hexadecimal digits.
    public var digest: String
    /// What the token that it is exchanged for may do; words separated by blanks.
    public var scopes: String
    /// The access token that asked for the code; the exchange needs it to be valid still. Nil when the owner of the data directory asked.
    public var maker: String?
    public var createdAt: Int64
    public var expiresAt: Int64
    /// How long the token that it is exchanged for lives, in milliseconds.
    public var lifeMilliseconds: Int64

    /// Creates a row.
    public init(
        id: String, digest: String, scopes: String, maker: String?, createdAt: Int64, expiresAt: Int64, lifeMilliseconds: Int64
    ) {
        self.id = id
        self.digest = digest
        self.scopes = scopes
        self.maker = maker
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lifeMilliseconds = lifeMilliseconds
    }

    init(_ row: Row) {
        self.init(
            id: row["id"], digest: row["digest"], scopes: row["scopes"], maker: row["maker"], createdAt: row["created_at"],
            expiresAt: row["expires_at"], lifeMilliseconds: row["life_milliseconds"])
    }
}
