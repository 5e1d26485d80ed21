public import SandboxCore

/// Names a build that goes on by itself: `bld-…`.
public struct ImageBuildID: Identifier {
    public static let noun = "image build id"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }

    /// A fresh random id, as random as an exec's.
    public static func random() -> ImageBuildID { ImageBuildID(unchecked: "bld-" + ExecID.random().rawValue.dropFirst(4)) }
}

/// A build that goes on whoever listens, as it is now. It is known to the engine that was asked for it, and ends with that engine.
public struct ImageJob: Sendable {
    /// Where it is.
    public enum State: String, Sendable, Codable, CaseIterable {
        case running, finished, failed, cancelled
    }

    public var id: ImageBuildID
    public var spec: ImageSpec
    /// As it was asked for; nil leaves it to the engine.
    public var backend: BackendID?
    /// Under which the specification is saved once it is built.
    public var name: String?
    public var state = State.running
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
    /// Lines of its log so far.
    public var lines = 0
    /// When it finished.
    public var result: ImageBuildResult?
    /// When it failed or was cancelled.
    public var failure: (any Error)?
}

/// What a build tells.
public enum ImageJobEvent: Sendable {
    /// A line of the log; the first has the number 1.
    case line(Int, String)
    /// So many lines were not read in time, or not kept; the build's log file has them.
    case skipped(Int)
    /// The last one.
    case ended(ImageJob)
}
