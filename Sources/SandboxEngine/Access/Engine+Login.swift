import SandboxCore
import SandboxStore

extension Engine {
    /// Waiting codes beyond this are somebody's mistake, or an attack by a holder of a token.
    private static let mostCodes = 100
    /// A code is read off a terminal and opened at once.
    private static let longestCode: Duration = .seconds(600)

    /// Makes a code that is exchanged once, within `life` (at most 10 minutes), for a token of `scopes` that lives for `tokenLife`: what a link
    /// may carry into a browser, where a token would stay in the history.
    ///
    /// With `maker` the new token can do no more than that one, and the exchange fails once it is revoked.
    public func createLoginCode(
        scopes: Set<AccessScope> = [.admin], maker: AccessToken? = nil, life: Duration = .seconds(60),
        tokenLife: Duration = .seconds(43_200)
    ) async throws -> IssuedLoginCode {
        guard life >= .seconds(1), life <= Self.longestCode else {
            throw SandboxError(.invalidArgument, "a login code lives for 1 s to 10 min", remedy: "choose a life between")
        }
        try AccessTokenRequest(name: "browser", scopes: scopes, life: tokenLife).check()
        if let maker {
            guard maker.session == nil, scopes.allSatisfy({ maker.allows($0, session: nil) }) else {
                throw SandboxError(
                    .denied, "the access token \(maker.id) cannot give away more than it has", remedy: "ask for fewer scopes")
            }
        }
        let credential = AccessCredential(kind: "cod")
        let now = Timestamp.now()
        let end = now + life
        let row = LoginCodeRow(
            id: credential.id, digest: credential.digest, scopes: AccessScope.stored(scopes), maker: maker?.id.rawValue,
            createdAt: now.milliseconds, expiresAt: end.milliseconds, lifeMilliseconds: tokenLife.wholeMilliseconds)
        try await store.write { transaction in
            try transaction.deleteExpiredAccess(before: now.milliseconds)
            guard try transaction.loginCodeCount() < Self.mostCodes else {
                throw SandboxError(.limitExceeded, "\(Self.mostCodes) login codes wait to be used", remedy: "try again in a minute")
            }
            try transaction.insert(row)
        }
        return IssuedLoginCode(credential: credential, expiresAt: end)
    }

    /// Exchanges a code for a token, once. Throws `denied` for a code that was never made, was used, or expired.
    public func redeemLoginCode(_ presented: String) async throws -> IssuedAccessToken {
        guard let credential = AccessCredential(presented) else { throw Self.codeRefusal }
        let now = Timestamp.now()
        return try await store.write { transaction in
            let row = try transaction.loginCode(credential.id)
            guard credential.matches(row?.digest), let row, row.expiresAt > now.milliseconds else { throw Self.codeRefusal }
            if let maker = row.maker {
                guard let token = try transaction.accessToken(maker) else { throw Self.codeRefusal }
                try Self.refuseEnded(try AccessToken(token), at: now, in: transaction)
            }
            guard try transaction.deleteLoginCode(row.id) else { throw Self.codeRefusal }
            let (issued, token) = try Self.draft(
                AccessTokenRequest(
                    name: "browser", scopes: try AccessScope.stored(row.scopes), life: .milliseconds(row.lifeMilliseconds)))
            try Self.insert(token, in: transaction)
            try transaction.announce(.loggedIn, ["token": token.id])
            return issued
        }
    }

    private static var codeRefusal: SandboxError {
        SandboxError(.denied, "the login code is not valid, or was used, or is too old", remedy: "ask for a new login link")
    }
}
