public import SystemPackage

/// One live isolated environment.
public protocol Sandbox: Sendable {
    /// How to find it again.
    var reference: SandboxReference { get }
    /// Where the workspace is inside; relative paths of execs and file calls mean this directory.
    var workspacePath: FilePath { get }
    /// The sandbox's files.
    var files: any SandboxFileSystem { get }
    /// When its provider ends it whatever runs inside: milliseconds since 1970, as known now; nil where nobody does.
    var endsAt: Int64? { get async }

    /// Starts a command and returns when it runs.
    ///
    /// A program that does not exist or cannot be executed throws an `ExecStartFailure`; an exec id that was used before throws
    /// `alreadyExists` and runs nothing. When the task is cancelled before the command started, nothing runs.
    func start(_ request: ExecRequest) async throws -> any RunningExec

    /// Takes up an exec, running or ended, at these offsets. Throws `notFound` when the sandbox does not know it.
    func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec

    /// The execs that the sandbox still knows.
    func execs() async throws -> [ExecSnapshot]

    /// Signals an exec of this sandbox: the leader, or every process that descends from it.
    func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws

    /// Lets the sandbox forget an ended exec and its output.
    func forget(_ exec: ExecID) async throws

    /// Ends everything in it and removes it. Idempotent. Returns when nothing is left.
    func destroy() async throws
}

extension Sandbox {
    /// Nobody but its owner ends it.
    public var endsAt: Int64? { get async { nil } }
}
