public import SandboxCore
public import SystemPackage

/// A sandbox whose operations all go through a guest: a backend adds the reference and the destruction.
public protocol GuestBackedSandbox: Sandbox {
    /// Where the operations are done.
    var guest: GuestSandboxCore { get }
}

extension GuestBackedSandbox {
    /// The guest's workspace.
    public var workspacePath: FilePath { guest.defaults.workspacePath }

    /// The guest's files.
    public var files: any SandboxFileSystem { guest.files }

    /// Starts a command in the guest.
    public func start(_ request: ExecRequest) async throws -> any RunningExec { try await guest.start(request) }

    /// Takes up an exec of the guest.
    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec {
        try await guest.attach(to: exec, from: offsets)
    }

    /// The guest's execs.
    public func execs() async throws -> [ExecSnapshot] { try await guest.execs() }

    /// Signals an exec of the guest.
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws {
        try await guest.signal(exec, signal, wholeTree: wholeTree)
    }

    /// Lets the guest forget an exec.
    public func forget(_ exec: ExecID) async throws { try await guest.forget(exec) }
}
