import SandboxAPI
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxWorkspace

/// The sessions of a server.
struct ServerPlace: SessionPlace {
    let client: SandlotClient

    /// A session that would end with this command must not stay for ever when it is killed: the server closes it when nobody uses it.
    private static let leftBehind = Duration.seconds(900)

    var limits: ResourceLimits { ResourceLimits() }

    func open(_ request: SessionRequest, prepare: Bool) async throws -> SessionBody {
        var request = request
        try refuseDirectories(request)
        if request.endsWithCreator {
            request.endsWithCreator = false
            request.idleTimeToLive = request.idleTimeToLive ?? Self.leftBehind
        }
        return try await client.openSession(SessionCreation(request, prepare: prepare)).record()
    }

    func session(_ idOrName: String) async throws -> SessionBody { try await client.session(idOrName).record() }

    func sessions(includingClosed: Bool) async throws -> [SessionBody] {
        var all: [SessionBody] = []
        for try await session in client.sessions(includingClosed: includingClosed) { all.append(session) }
        return all
    }

    func close(_ session: SessionID, force: Bool, discard: Bool) async throws {
        try await client.session(session.rawValue).close(force: force, discard: discard)
    }

    func files(in session: SessionID) async throws -> any SandboxFileSystem { client.session(session.rawValue).files }

    func start(_ request: ExecRequest, in session: SessionID) async throws -> any RunningExec {
        try await client.session(session.rawValue).start(request)
    }

    func signal(_ exec: ExecID, in session: SessionID, _ signal: ExecSignal) async throws {
        try await client.session(session.rawValue).signal(exec, signal, wholeTree: true)
    }

    func workspaceStatus(of session: SessionID) async throws -> WorkspaceStatusBody {
        try await client.session(session.rawValue).workspaceStatus()
    }

    func bringChanges(
        to side: WorkspaceSide, of session: SessionID, dryRun: Bool, progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReportBody {
        try await client.session(session.rawValue).bringChanges(to: side, dryRun: dryRun, progress: progress)
    }

    func compareWorkspace(of session: SessionID) async throws -> SyncReportBody {
        try await client.session(session.rawValue).compareWorkspace()
    }

    func conflicts(of session: SessionID) async throws -> [ConflictBody] { try await client.session(session.rawValue).conflicts() }

    func content(of conflict: ConflictBody, _ version: ConflictVersion, in session: SessionID) async throws -> [UInt8]? {
        do {
            return try await client.session(session.rawValue).content(of: conflict.id, version)
        } catch let error as SandboxError where error.code == .notFound {
            return nil
        }
    }

    func settle(_ conflict: ConflictBody, of session: SessionID, _ settlement: ConflictSettlement) async throws {
        try await client.session(session.rawValue).settle(conflict.id, settlement)
    }

    /// What a path means there is not what it means here.
    private func refuseDirectories(_ request: SessionRequest) throws {
        var isHere = request.workspace != .private || !request.mounts.isEmpty
        if case .rootDirectory = request.image { isHere = true }
        guard isHere else { return }
        throw SandboxError(
            .unsupported, "directories of this machine cannot be part of a sandbox at \(client.endpoint)",
            remedy: "leave --workspace, --sync, --volume and directories as image out, and copy files with "
                + "`sandlot --server … session cp`")
    }
}
