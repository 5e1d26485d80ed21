public import GuestProtocol
public import SandboxCore
public import SystemPackage

public final class GuestChannel: Sendable {
    /// What the guest said of itself.
    public let hello: GuestHello
    init(hello: GuestHello) { self.hello = hello }
    /// Connects to a guest that listens on a unix socket. The path may be longer than 108 bytes.
    public static func connect(unixSocket path: FilePath, options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestChannel {
        throw SandboxError(.unsupported, "not yet")
    }
    /// Takes over a connected descriptor (socket or character device) whose other end a guest serves. The descriptor is closed in every case.
    public static func adopt(descriptor: Int32, options: GuestChannelOptions = GuestChannelOptions()) async throws -> GuestChannel {
        throw SandboxError(.unsupported, "not yet")
    }
    /// Nil while the channel is open, afterwards why it ended.
    public var endReason: SandboxError? { nil }
    /// Waits for the channel's end and returns why. Throws only `CancellationError`.
    public func waitUntilClosed() async throws -> SandboxError { throw SandboxError(.unsupported, "not yet") }
    /// Ends the channel. Execs go on.
    public func close() {}
}

/// What every exec of a sandbox starts from.
public struct GuestExecDefaults: Sendable {
    /// Where relative working directories and file paths start.
    public var workspacePath: FilePath
    /// The whole environment beneath the request's own (`PATH`, `HOME`…).
    public var environment: [String: String]
    public init(workspacePath: FilePath, environment: [String: String]) {
        self.workspacePath = workspacePath
        self.environment = environment
    }
}

/// The operations of a sandbox over one channel.
public final class GuestSession: Sendable {
    public let channel: GuestChannel
    public let defaults: GuestExecDefaults
    public init(_ channel: GuestChannel, defaults: GuestExecDefaults) { self.channel = channel; self.defaults = defaults }
    public var hello: GuestHello { channel.hello }
    public var files: any SandboxFileSystem { fatalError() }
    public func start(_ request: ExecRequest) async throws -> any RunningExec { throw SandboxError(.unsupported, "not yet") }
    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec { throw SandboxError(.unsupported, "not yet") }
    public func execs() async throws -> [ExecSnapshot] { throw SandboxError(.unsupported, "not yet") }
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws { throw SandboxError(.unsupported, "not yet") }
    public func cancel(_ exec: ExecID) async throws { throw SandboxError(.unsupported, "not yet") }
    public func forget(_ exec: ExecID) async throws { throw SandboxError(.unsupported, "not yet") }
    public func shutdown(grace: Duration) async throws { throw SandboxError(.unsupported, "not yet") }
    public func waitUntilClosed() async throws -> SandboxError { try await channel.waitUntilClosed() }
    public func close() { channel.close() }
}

/// Everything of a `Sandbox` except its reference and its destruction, over a channel that is made again when it breaks.
public final class GuestSandboxCore: Sendable {
    public let defaults: GuestExecDefaults
    /// - Parameters:
    ///   - channel: one that is open already, or nil to connect at the first use.
    ///   - connect: opens a channel to the same guest.
    ///   - isAlive: whether the sandbox's process is still there; asked only when a channel is broken.
    public init(
        defaults: GuestExecDefaults, channel: GuestChannel? = nil, connect: @escaping @Sendable () async throws -> GuestChannel,
        isAlive: @escaping @Sendable () async -> Bool
    ) { self.defaults = defaults }
    public var files: any SandboxFileSystem { fatalError() }
    public func start(_ request: ExecRequest) async throws -> any RunningExec { throw SandboxError(.unsupported, "not yet") }
    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec { throw SandboxError(.unsupported, "not yet") }
    public func execs() async throws -> [ExecSnapshot] { throw SandboxError(.unsupported, "not yet") }
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws { throw SandboxError(.unsupported, "not yet") }
    public func forget(_ exec: ExecID) async throws { throw SandboxError(.unsupported, "not yet") }
    /// Lets the guest kill everything within `grace` and end. Returns when it says that nothing is left, or when the sandbox is gone.
    public func shutdown(grace: Duration) async throws { throw SandboxError(.unsupported, "not yet") }
    /// Closes the channel for good; execs go on in the sandbox. Later calls throw `unavailable`.
    public func close() {}
}

/// A sandbox whose operations all go through a guest: a backend adds the reference and the destruction.
public protocol GuestBackedSandbox: Sandbox {
    var guest: GuestSandboxCore { get }
}

extension GuestBackedSandbox {
    public var workspacePath: FilePath { guest.defaults.workspacePath }
    public var files: any SandboxFileSystem { guest.files }
    public func start(_ request: ExecRequest) async throws -> any RunningExec { try await guest.start(request) }
    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec { try await guest.attach(to: exec, from: offsets) }
    public func execs() async throws -> [ExecSnapshot] { try await guest.execs() }
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws { try await guest.signal(exec, signal, wholeTree: wholeTree) }
    public func forget(_ exec: ExecID) async throws { try await guest.forget(exec) }
}
