import GRDB
public import SandboxCore

/// When an image that Sandlot built was last used. The image itself is the backend's.
public struct ImageUseRow: Sendable, Equatable {
    public var backend: BackendID
    public var reference: String
    public var builtAt: Int64
    public var usedAt: Int64

    /// Creates a row.
    public init(backend: BackendID, reference: String, builtAt: Int64, usedAt: Int64) {
        self.backend = backend
        self.reference = reference
        self.builtAt = builtAt
        self.usedAt = usedAt
    }

    init(_ row: Row) throws {
        self.init(
            backend: try BackendID(validating: row["backend"]), reference: row["reference"], builtAt: row["built_at"],
            usedAt: row["used_at"])
    }
}
