import SandboxCore
import SandboxStore

extension Engine {
    /// More tokens than this are somebody's mistake.
    private static let mostTokens = 10_000

    /// Makes an access token. Throws `notFound` when it is for a session that is not open.
    public func createAccessToken(_ request: AccessTokenRequest) async throws -> IssuedAccessToken {
        let (issued, row) = try Self.draft(request)
        try await store.write { transaction in
            if let session = request.session { try Self.refuseClosed(session, in: transaction) }
            try Self.insert(row, in: transaction)
        }
        return issued
    }

    /// Every access token that is valid, oldest first.
    public func accessTokens() async throws -> [AccessToken] {
        let now = Timestamp.now()
        return try await store.read { try $0.accessTokens().map(AccessToken.init) }.filter { token in
            token.expiresAt.map { $0 > now } ?? true
        }
    }

    /// Ends an access token: the next request that presents it is refused. Throws `notFound`.
    public func revokeAccessToken(_ id: AccessTokenID) async throws {
        try await store.write { transaction in
            guard try transaction.deleteAccessToken(id.rawValue) else {
                throw SandboxError(
                    .notFound, "there is no access token '\(id)'", remedy: "`sandlot token list` shows those that there are")
            }
            try transaction.announce(.tokenRevoked, ["token": id.rawValue])
        }
    }

    /// Whose token this is. Throws `denied` for one that was never made, was revoked, expired, or is for a session that was closed; which of
    /// these is told only to who holds the real one.
    public func verifyAccess(_ presented: String) async throws -> AccessToken {
        guard let credential = AccessCredential(presented) else { throw Self.refusal }
        let now = Timestamp.now()
        let token = try await store.read { transaction -> AccessToken in
            let row = try transaction.accessToken(credential.id)
            guard credential.matches(row?.digest), let row else { throw Self.refusal }
            let token = try AccessToken(row)
            try Self.refuseEnded(token, at: now, in: transaction)
            return token
        }
        let isStale = token.lastUsedAt.map { now - $0 >= .seconds(60) } ?? true
        if isStale { store.enqueue { try $0.touchAccessToken(credential.id, at: now.milliseconds) } }
        return token
    }

    /// Tells the feed that somebody was refused. `reason` and `facts` must hold nothing that was presented as a secret.
    public func noteDenial(_ reason: String, _ facts: [String: String] = [:]) {
        let payload = facts.merging(["reason": reason]) { $1 }
        store.enqueue { try $0.announce(.accessDenied, payload) }
    }

    static func draft(_ request: AccessTokenRequest) throws -> (IssuedAccessToken, AccessTokenRow) {
        try request.check()
        let credential = AccessCredential(kind: "tok")
        let now = Timestamp.now()
        let row = AccessTokenRow(
            id: credential.id, name: request.name, digest: credential.digest, scopes: AccessScope.stored(request.scopes),
            session: request.session, createdAt: now.milliseconds, expiresAt: request.life.map { (now + $0).milliseconds })
        return (IssuedAccessToken(token: try AccessToken(row), credential: credential), row)
    }

    static func insert(_ row: AccessTokenRow, in transaction: StoreTransaction) throws {
        try transaction.deleteExpiredAccess(before: Timestamp.now().milliseconds)
        guard try transaction.accessTokenCount() < mostTokens else {
            throw SandboxError(
                .limitExceeded, "there are \(mostTokens) access tokens already", remedy: "revoke those that nobody needs")
        }
        try transaction.insert(row)
        var facts = ["token": row.id, "name": row.name, "scopes": row.scopes]
        if let session = row.session { facts["session"] = session.rawValue }
        try transaction.announce(.tokenCreated, facts)
    }

    /// Throws `denied` for a token that was valid once.
    static func refuseEnded(_ token: AccessToken, at now: Timestamp, in transaction: StoreTransaction) throws {
        if let end = token.expiresAt, end <= now {
            throw SandboxError(
                .denied, "the access token \(token.id) expired at \(end)", remedy: "create another one with `sandlot token create`")
        }
        guard let session = token.session else { return }
        guard let row = try transaction.session(session), row.state != SessionState.closed.rawValue else {
            throw SandboxError(.denied, "the access token \(token.id) is for a session that was closed", remedy: "create another one")
        }
    }

    private static func refuseClosed(_ session: SessionID, in transaction: StoreTransaction) throws {
        guard let row = try transaction.session(session), row.state != SessionState.closed.rawValue else {
            throw SandboxError(.notFound, "there is no open session '\(session)'", remedy: "list the sessions, or open one")
        }
    }

    static var refusal: SandboxError {
        SandboxError(
            .denied, "the access token is not valid",
            remedy: "present the one in the data directory, or create one with `sandlot token create`")
    }
}
