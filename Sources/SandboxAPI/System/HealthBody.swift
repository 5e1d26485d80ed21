/// That the process answers.
public struct HealthBody: Sendable, Codable, Equatable {
    public var status: String
    public var version: String

    /// Creates an answer.
    public init(status: String, version: String) {
        self.status = status
        self.version = version
    }
}
