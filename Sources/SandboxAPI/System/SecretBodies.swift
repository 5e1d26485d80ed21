/// The sealed secrets, without values.
public struct SecretListBody: Sendable, Codable, Equatable {
    /// One secret.
    public struct Entry: Sendable, Codable, Equatable {
        public var name: String
        /// Milliseconds since 1970.
        public var changedAt: Int64

        /// Creates an entry.
        public init(name: String, changedAt: Int64) {
            self.name = name
            self.changedAt = changedAt
        }
    }

    /// By name.
    public var secrets: [Entry]

    /// Creates a list.
    public init(secrets: [Entry]) { self.secrets = secrets }
}

/// What `PUT /v1/secrets/{secret}` takes. It goes in and never comes out.
public struct SecretValue: RequestBody {
    public var value: String

    enum CodingKeys: String, CodingKey, CaseIterable { case value }
    public static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }
}
