import SandboxAPI
import SandboxCore
import SandboxEngine
import SandboxSettings
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

    func workspaceStatus(of session: SessionID) async throws -> WorkspaceStatus? { try await engine.workspaceStatus(session) }

    func conflicts(of session: SessionID) async throws -> Int { try await engine.conflicts(of: session).count }
}
