public import SystemPackage

/// How a synced workspace is kept in step with a directory of the host.
public struct WorkspaceSync: Sendable, Codable, Equatable {
    /// Which way changes go.
    public enum Direction: String, Sendable, Codable, CaseIterable {
        case both
        /// The host's changes go into the sandbox; the sandbox's stay there.
        case push
        /// As at first, the host's directory is copied in; after that only the sandbox's changes go out.
        case pull
    }

    /// What becomes of a path that both sides changed in different ways.
    public enum ConflictPolicy: String, Sendable, Codable, CaseIterable {
        /// Both are kept: the host's stays where it is, the sandbox's goes into the conflict store until somebody settles it.
        case ask
        /// The host's counts; the sandbox's is kept in the conflict store.
        case preferHost = "prefer-host"
        /// The sandbox's counts; the host's is kept in the conflict store.
        case preferSandbox = "prefer-sandbox"
    }

    /// The directory on the host; absolute.
    public var directory: FilePath
    public var direction: Direction
    public var conflicts: ConflictPolicy
    /// A pull merges text that both sides changed line by line where their changes do not touch; the rest is a conflict.
    public var mergesText: Bool
    /// Leaves out dependency and cache folders (`node_modules`, `.venv`, …) even where no ignore file names them.
    public var excludesDependencies: Bool
    /// The ignore files that count, in any folder: later ones win over earlier ones.
    public var ignoreFiles: [String]
    /// More patterns in the language of `.gitignore`, relative to the directory; they win over the ignore files.
    public var excludes: [String]
    /// Brings the sandbox's changes out after each exec.
    public var pullsAfterExec: Bool
    /// While something changes in the sandbox, keeps both sides in step every so often; nil is never.
    public var interval: Duration?
    /// Changes wait inside until they are asked for: nothing is brought out by itself, and a session with such changes does not close.
    public var needsReview: Bool

    /// Creates a choice.
    public init(
        directory: FilePath, direction: Direction = .both, conflicts: ConflictPolicy = .ask, mergesText: Bool = false,
        excludesDependencies: Bool = true, ignoreFiles: [String] = [".gitignore", ".sandlotignore"], excludes: [String] = [],
        pullsAfterExec: Bool = false, interval: Duration? = nil, needsReview: Bool = false
    ) {
        self.directory = directory
        self.direction = direction
        self.conflicts = conflicts
        self.mergesText = mergesText
        self.excludesDependencies = excludesDependencies
        self.ignoreFiles = ignoreFiles
        self.excludes = excludes
        self.pullsAfterExec = pullsAfterExec
        self.interval = interval
        self.needsReview = needsReview
    }
}
