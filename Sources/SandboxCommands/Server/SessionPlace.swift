import SandboxAPI
import SandboxCore
import SandboxEngine

/// Where sessions are: in this machine's data directory, or on a server.
protocol SessionPlace: Sendable {
    /// The limits that options for a new session change.
    var limits: ResourceLimits { get }

    func open(_ request: SessionRequest, prepare: Bool) async throws -> SessionBody
    /// By id or name. Throws `notFound`.
    func session(_ idOrName: String) async throws -> SessionBody
    func sessions(includingClosed: Bool) async throws -> [SessionBody]
    func close(_ session: SessionID, force: Bool, discard: Bool) async throws
    func files(in session: SessionID) async throws -> any SandboxFileSystem
    func start(_ request: ExecRequest, in session: SessionID) async throws -> any RunningExec
    /// Signals every process of a command.
    func signal(_ exec: ExecID, in session: SessionID, _ signal: ExecSignal) async throws
    /// What a synced workspace has been through; nil where that is not known here.
    func workspaceStatus(of session: SessionID) async throws -> WorkspaceStatus?
    /// Changes of a synced workspace that were not taken over.
    func conflicts(of session: SessionID) async throws -> Int
}
