import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import SystemPackage

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
    /// What a synced workspace has been through.
    func workspaceStatus(of session: SessionID) async throws -> WorkspaceStatusBody
    /// Brings changes to a side: a push or a pull, with its progress.
    func bringChanges(
        to side: WorkspaceSide, of session: SessionID, dryRun: Bool, progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReportBody
    /// What a pull and a push would do.
    func compareWorkspace(of session: SessionID) async throws -> SyncReportBody
    /// Changes of a synced workspace that were not taken over.
    func conflicts(of session: SessionID) async throws -> [ConflictBody]
    /// The content of a version; nil when it is no file or was not kept.
    func content(of conflict: ConflictBody, _ version: ConflictVersion, in session: SessionID) async throws -> [UInt8]?
    func settle(_ conflict: ConflictBody, of session: SessionID, _ settlement: ConflictSettlement) async throws
}

extension SessionPlace {
    /// One conflict by id, or by path when there is only one about it. Throws `notFound`.
    func conflict(_ name: String, of session: SessionID) async throws -> ConflictBody {
        let found = try await conflicts(of: session).filter { $0.id == name || $0.path.path.string == name }
        guard let first = found.first else {
            throw SandboxError(.notFound, "there is no conflict '\(name.prefix(200))'", remedy: "list the session's conflicts")
        }
        guard found.count == 1 else {
            throw SandboxError(
                .conflict, "there are \(found.count) conflicts about '\(name.prefix(200))'",
                remedy: "name one by its id: \(found.map(\.id).joined(separator: ", "))")
        }
        return first
    }
}
