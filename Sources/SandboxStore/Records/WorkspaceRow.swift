import Foundation
import GRDB
public import SandboxCore

/// The synced workspace of a sandbox.
public struct WorkspaceRow: Sendable, Equatable {
    public var sandbox: SandboxID
    public var key: String
    /// The directory on the host.
    public var directory: String
    /// What both sides agreed on last; only the workspace engine reads it.
    public var base: [UInt8]
    /// Milliseconds since 1970; nil before the first.
    public var pushedAt: Int64?
    public var pulledAt: Int64?
    /// Why the last attempt failed; nil when it did not.
    public var failure: String?

    /// A row of a workspace that was not pushed yet.
    public init(sandbox: SandboxID, key: String, directory: String, base: [UInt8]) {
        self.sandbox = sandbox
        self.key = key
        self.directory = directory
        self.base = base
    }

    init(_ row: Row) throws {
        let base: Data = row["base"]
        self.init(
            sandbox: try SandboxID(validating: row["sandbox"]), key: row["sandbox_key"], directory: row["directory"], base: Array(base))
        pushedAt = row["pushed_at"]
        pulledAt = row["pulled_at"]
        failure = row["failure"]
    }
}
