public import SandboxCore

/// A running exec of an engine. Its output goes to the spool in any case.
///
/// A holder that has begun to ask for events must go on, or `detach`, or let go of the value: one that stops stalls the command after 256 KiB.
/// One that never asks stalls nothing.
public final class EngineExec: RunningExec {
    public let id: ExecID
    public let processID: Int32?
    public let events: ExecEvents
    private let control: @Sendable () async throws -> any RunningExec
    private let release: @Sendable () async -> Void

    init(
        id: ExecID, processID: Int32?, events: ExecEvents, control: @escaping @Sendable () async throws -> any RunningExec,
        release: @escaping @Sendable () async -> Void
    ) {
        self.id = id
        self.processID = processID
        self.events = events
        self.control = control
        self.release = release
    }

    /// Writes to standard input.
    public func write(_ bytes: [UInt8]) async throws { try await control().write(bytes) }
    /// Ends standard input.
    public func closeInput() async throws { try await control().closeInput() }
    /// Signals the command itself.
    public func signal(_ signal: ExecSignal) async throws { try await control().signal(signal) }
    /// Changes the terminal's size.
    public func resize(_ size: TerminalSize) async throws { try await control().resize(size) }
    /// SIGTERM, grace, SIGKILL to the whole tree.
    public func cancel() async throws { try await control().cancel() }
    /// Stops reading events here; the command and the spool go on.
    public func detach() async { await release() }
}
