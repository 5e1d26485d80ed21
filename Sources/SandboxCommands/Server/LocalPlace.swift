import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxSettings
import SandboxWorkspace
import Sandlot

/// The sessions of this machine's data directory.
struct LocalPlace: SessionPlace {
    let runtime: SandlotRuntime
    let environment: [String: String]

    private var engine: Engine { runtime.engine }
    var limits: ResourceLimits { runtime.general.limits }

    func open(_ request: SessionRequest, prepare: Bool) async throws -> SessionBody {
        let record = try await engine.open(request, prepare: prepare)
        BackgroundReaping.startIfDue(runtime, environment: environment)
        return SessionBody(record)
    }

    func session(_ idOrName: String) async throws -> SessionBody { SessionBody(try await engine.session(idOrName)) }

    func sessions(includingClosed: Bool) async throws -> [SessionBody] {
        try await engine.sessions(includingClosed: includingClosed).map(SessionBody.init)
    }

    func close(_ session: SessionID, force: Bool, discard: Bool) async throws {
        try await engine.close(session, force: force, discard: discard)
    }

    func files(in session: SessionID) async throws -> any SandboxFileSystem { try await engine.files(in: session) }

    func start(_ request: ExecRequest, in session: SessionID) async throws -> any RunningExec { try await engine.start(session, request) }

    func signal(_ exec: ExecID, in session: SessionID, _ signal: ExecSignal) async throws {
        try await engine.signal(exec, signal, wholeTree: true)
    }

    func workspaceStatus(of session: SessionID) async throws -> WorkspaceStatusBody {
        guard let status = try await engine.workspaceStatus(session) else {
            throw SandboxError(.unsupported, "the workspace of session \(session) is not synced", remedy: "name another session")
        }
        return WorkspaceStatusBody(status)
    }

    func bringChanges(
        to side: WorkspaceSide, of session: SessionID, dryRun: Bool, progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReportBody {
        if dryRun { return try SyncReportBody(try await engine.compareWorkspace(session, changing: side), dryRun: true) }
        let report =
            side == .sandbox ? try await engine.push(session, progress: progress) : try await engine.pull(session, progress: progress)
        return try SyncReportBody(report, dryRun: false)
    }

    func compareWorkspace(of session: SessionID) async throws -> SyncReportBody {
        try SyncReportBody(try await engine.compareWorkspace(session), dryRun: true)
    }

    func conflicts(of session: SessionID) async throws -> [ConflictBody] {
        try await engine.conflicts(of: session).map { try ConflictBody($0) }
    }

    func content(of conflict: ConflictBody, _ version: ConflictVersion, in session: SessionID) async throws -> [UInt8]? {
        try await engine.content(of: conflict.id, version, in: session)
    }

    func settle(_ conflict: ConflictBody, of session: SessionID, _ settlement: ConflictSettlement) async throws {
        try await engine.settle(conflict.id, of: session, settlement)
    }
}
