public import Logging
public import SandboxCore

/// Sessions, routing, execs, leases and events over any set of backends, with everything that matters on disk before it is announced.
public final class Engine: Sendable {
    /// Opens the data directory, or makes it.
    public init(configuration: EngineConfiguration, backends: [any SandboxBackend], logger: Logger) throws { throw Self.todo }
    static let todo = SandboxError(.internalError, "not built yet")

    /// Every registered backend with its availability, probed now or (unless `refresh`) within the probe lifetime.
    public func backends(refresh: Bool = false) async -> [BackendStatus] { [] }
    /// Which backend would serve this request; nothing is made.
    public func decide(_ request: SessionRequest) async throws -> RouteDecision { throw Self.todo }

    /// Opens a session; with `prepare` its sandbox exists when this returns, else the first use makes it.
    public func open(_ request: SessionRequest, prepare: Bool = true) async throws -> SessionRecord { throw Self.todo }
    /// A session by id, or by name among those not closed. Throws `notFound`.
    public func session(_ idOrName: String) async throws -> SessionRecord { throw Self.todo }
    /// All sessions, oldest first.
    public func sessions(includingClosed: Bool = false) async throws -> [SessionRecord] { throw Self.todo }
    /// Changes a session.
    public func update(_ id: SessionID, _ patch: SessionPatch) async throws -> SessionRecord { throw Self.todo }
    /// Makes the session's sandbox, or takes it up; any number of callers await the same work.
    public func prepare(_ id: SessionID) async throws -> any Sandbox { throw Self.todo }
    /// Closes a session and destroys the sandbox that nobody else uses. Without `force` a running exec refuses it with `conflict`.
    public func close(_ id: SessionID, force: Bool = false) async throws { throw Self.todo }

    /// Starts a command. An id that was used before throws `alreadyExists` and runs nothing.
    public func start(_ id: SessionID, _ request: ExecRequest) async throws -> EngineExec { throw Self.todo }
    /// An exec. Throws `notFound`.
    public func exec(_ id: ExecID) async throws -> ExecRecord { throw Self.todo }
    /// The execs of a session, oldest first; nil for all.
    public func execs(in session: SessionID?, includingEnded: Bool = true) async throws -> [ExecRecord] { throw Self.todo }
    /// Output from the spool, during and after the run. A jump in the chunks' offsets is output that is not on disk.
    public func output(of exec: ExecID, channel: OutputChannel, from offset: UInt64 = 0, follow: Bool = false) async throws
        -> SandboxStream<OutputChunk>
    { throw Self.todo }
    /// Waits for an exec to be over.
    public func wait(for exec: ExecID) async throws -> ExecRecord { throw Self.todo }
    /// Control of an exec that is running, and its live output from these offsets on; nil for control only.
    public func attach(to exec: ExecID, from offsets: OutputOffsets? = nil) async throws -> EngineExec { throw Self.todo }
    /// Signals a running exec, or every process that descends from it.
    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool = false) async throws { throw Self.todo }
    /// SIGTERM, grace, SIGKILL to the tree of a running exec. Does nothing when it is over.
    public func cancel(_ exec: ExecID) async throws { throw Self.todo }

    /// The files of a session's sandbox; prepares it.
    public func files(in session: SessionID) async throws -> any SandboxFileSystem { throw Self.todo }

    /// Events in order of their sequence, from the one after `sequence`; with `follow` it goes on with those to come.
    public func events(after sequence: Int64 = 0, session: SessionID? = nil, follow: Bool = false) -> SandboxStream<EngineEvent> {
        SandboxStream { nil }
    }
    /// Takes up what lives, ends what was half done, removes what nobody owns. Safe beside other engines on the same data directory.
    public func reconcile() async throws -> ReconciliationReport { throw Self.todo }
    /// The service: reconciles, then closes expired sessions and prunes, until cancelled.
    public func run() async throws { throw Self.todo }
    /// Lets go of everything. Sandboxes and execs live on, except those of sessions with `endsWithCreator`, which are closed.
    public func shutdown() async {}
}

/// A running exec of an engine. Its output goes to the spool in any case. A holder that asks for events must go on asking (or `detach`):
/// one that stops stalls the command after 256 KiB; one that never asks stalls nothing.
public final class EngineExec: RunningExec {
    public let id: ExecID
    public let processID: Int32?
    public let events: ExecEvents
    init(id: ExecID, processID: Int32?, events: ExecEvents) {
        self.id = id
        self.processID = processID
        self.events = events
    }
    public func write(_ bytes: [UInt8]) async throws { throw Engine.todo }
    public func closeInput() async throws { throw Engine.todo }
    public func signal(_ signal: ExecSignal) async throws { throw Engine.todo }
    public func resize(_ size: TerminalSize) async throws { throw Engine.todo }
    public func cancel() async throws { throw Engine.todo }
    public func detach() async {}
}
