public import SandboxCore
public import SandboxEngine

/// An access token: whose it is and what it may do, never what it is presented as.
public struct TokenBody: Sendable, Codable, Equatable {
    public var id: String
    /// What it was made for.
    public var name: String
    public var scope: APIRoute.Scope
    /// The only session that it opens; absent opens all.
    public var session: SessionID?
    /// Milliseconds since 1970, as the others.
    public var createdAt: Int64
    public var expiresAt: Int64?
    /// To the minute.
    public var lastUsedAt: Int64?

    /// Tells a token.
    public init(_ token: AccessToken) {
        id = token.id.rawValue
        name = token.name
        scope = token.scopes.max().flatMap { APIRoute.Scope(rawValue: $0.rawValue) } ?? .read
        session = token.session
        createdAt = token.createdAt.milliseconds
        expiresAt = token.expiresAt?.milliseconds
        lastUsedAt = token.lastUsedAt?.milliseconds
    }
}

/// All tokens that are valid, oldest first.
public struct TokenListBody: Sendable, Codable, Equatable {
    public var tokens: [TokenBody]
    /// Creates a list.
    public init(tokens: [TokenBody]) { self.tokens = tokens }
}

/// What `POST /v1/tokens` takes.
public struct TokenCreation: RequestBody, Encodable, Equatable {
    public var name: String
    public var scope: APIRoute.Scope
    /// The only session that it shall open, by id or name.
    public var session: String?
    /// How long it is valid; for ever where it is left out.
    public var lifeMs: Double?

    enum CodingKeys: String, CodingKey, CaseIterable { case name, scope, session, lifeMs }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The engine's request. Throws `invalidArgument` for a life that is no duration.
    public func request(session: SessionID?) throws -> AccessTokenRequest {
        AccessTokenRequest(
            name: name, scopes: [AccessScope(rawValue: scope.rawValue) ?? .read], session: session,
            life: try lifeMs.map { try Milliseconds.duration($0, "lifeMs") })
    }
}

/// A token that was just made.
public struct IssuedTokenBody: Sendable, Codable, Equatable {
    public var token: TokenBody
    /// What it is presented as; told this once.
    public var credential: String

    /// Creates an answer.
    public init(token: TokenBody, credential: String) {
        self.token = token
        self.credential = credential
    }
}
