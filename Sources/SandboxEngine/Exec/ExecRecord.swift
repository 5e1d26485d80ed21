public import SandboxCore
public import SystemPackage

/// Where an exec is in its life.
public enum ExecState: String, Sendable, Codable, CaseIterable {
    /// Recorded; its start was perhaps not sent yet.
    case starting
    case running
    /// `ending` tells how; the outcome `lost` is an end too.
    case ended
    /// It never ran: `failure` tells why.
    case refused
}

/// An exec as it is stored. Environment values and input are not part of it.
public struct ExecRecord: Sendable, Equatable {
    public var id: ExecID
    public var session: SessionID
    public var sandbox: SandboxID
    /// The argument vector, or one shell line.
    public var command: ExecRequest.Command
    public var workingDirectory: FilePath?
    public var user: String?
    public var hasTerminal: Bool
    public var state: ExecState
    /// As the sandbox counts; nil while unknown.
    public var processID: Int32?
    /// Once it has ended.
    public var ending: ExecEnding?
    /// Bytes of each stream that are not on disk: beyond the limit, or lost while no engine listened.
    public var dropped: OutputOffsets
    /// Why it was refused.
    public var failure: String?
    /// The shells' status for a command that could not be started (126, 127); nil for every other refusal.
    public var refusalStatus: Int32?
    public var startedAt: Timestamp
    public var endedAt: Timestamp?

    /// Neither starting nor running.
    public var isOver: Bool { state == .ended || state == .refused }
}
