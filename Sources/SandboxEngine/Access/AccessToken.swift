public import SandboxCore
import SandboxStore

/// Names an access token: `tok-…`. Public: it may be logged and shown.
public struct AccessTokenID: Identifier {
    public static let noun = "access token id"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Who may use the server, and for what. Not the token itself, which nobody knows but its holder.
public struct AccessToken: Sendable, Codable, Equatable {
    public var id: AccessTokenID
    /// For people: what it was made for.
    public var name: String
    public var scopes: Set<AccessScope>
    /// The only session that it opens; nil opens all.
    public var session: SessionID?
    public var createdAt: Timestamp
    /// Nil never ends.
    public var expiresAt: Timestamp?
    /// To the minute; nil when it was never used.
    public var lastUsedAt: Timestamp?

    /// Whether the holder may do something that needs a scope, and, where it concerns one session, with that session.
    ///
    /// A token for one session opens nothing that is not of that session: pass nil for what concerns the whole.
    public func allows(_ scope: AccessScope, session wanted: SessionID?) -> Bool {
        guard scopes.contains(where: { $0 >= scope }) else { return false }
        guard let session else { return true }
        return session == wanted
    }
}

extension AccessToken {
    init(_ row: AccessTokenRow) throws {
        self.init(
            id: try AccessTokenID(validating: row.id), name: row.name, scopes: try AccessScope.stored(row.scopes), session: row.session,
            createdAt: Timestamp(milliseconds: row.createdAt), expiresAt: row.expiresAt.map(Timestamp.init(milliseconds:)),
            lastUsedAt: row.lastUsedAt.map(Timestamp.init(milliseconds:)))
    }
}

extension AccessScope {
    static func stored(_ scopes: Set<AccessScope>) -> String { scopes.sorted().map(\.rawValue).joined(separator: " ") }

    /// A word that is not known fails: to leave it out could only be right for a word that means less.
    static func stored(_ text: String) throws -> Set<AccessScope> {
        Set(
            try text.split(separator: " ").map { word in
                guard let scope = AccessScope(rawValue: String(word)) else {
                    throw SandboxError(
                        .internalError, "an access token has the unknown scope '\(word)'", remedy: "was it written by a newer Sandlot?")
                }
                return scope
            })
    }
}
