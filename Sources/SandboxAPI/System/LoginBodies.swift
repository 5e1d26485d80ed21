/// What `POST /v1/login` takes.
public struct LoginCreation: RequestBody, Encodable, Equatable {
    /// What the browser may do; everything where it is left out.
    public var scope: APIRoute.Scope?

    /// Creates a wish.
    public init(scope: APIRoute.Scope? = nil) { self.scope = scope }

    enum CodingKeys: String, CodingKey, CaseIterable { case scope }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}

/// A login link.
public struct LoginLinkBody: Sendable, Codable, Equatable {
    /// Behind the server's address. It works once.
    public var path: String
    /// Milliseconds since 1970.
    public var expiresAt: Int64

    /// Creates a link.
    public init(path: String, expiresAt: Int64) {
        self.path = path
        self.expiresAt = expiresAt
    }
}
