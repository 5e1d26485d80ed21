import SandboxAPI
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxWorkspace
import SystemPackage

/// The sessions of a server.
struct ServerPlace: SessionPlace {
    let client: SandlotClient
    /// Where this machine keeps what it knows of directories that are kept in step.
    let dataDirectory: FilePath

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
        guard case .synced(let sync) = request.workspace else {
            return try await client.openSession(SessionCreation(request, prepare: prepare)).record()
        }
        request.workspace = .private
        let session = try await client.openSession(SessionCreation(request, prepare: true))
        do {
            var directory = try DirectoryAtServer(session, of: client, below: dataDirectory, sync)
            _ = try await directory.bringChanges(to: .sandbox, dryRun: false) { _ in }
        } catch {
            // Owned and awaited: nothing stays behind although this task may be cancelled.
            await Task { try? await session.close(force: true, discard: true) }.value
            try? directory(session.id)?.forget()
            throw error
        }
        return try await session.record()
    }

    private func directory(_ session: String) throws -> DirectoryAtServer? {
        try DirectoryAtServer(client.session(session), of: client, below: dataDirectory)
    }

    func session(_ idOrName: String) async throws -> SessionBody {
        var body = try await client.session(idOrName).record()
        if let directory = try directory(body.id.rawValue) { body.workspace = directory.workspace }
        return body
    }

    func sessions(includingClosed: Bool) async throws -> [SessionBody] {
        var all: [SessionBody] = []
        for try await session in client.sessions(includingClosed: includingClosed) { all.append(session) }
        return all
    }

    func close(_ session: SessionID, force: Bool, discard: Bool) async throws {
        guard var directory = try directory(session.rawValue) else {
            return try await client.session(session.rawValue).close(force: force, discard: discard)
        }
        if !discard { try await directory.bringOut(force: force) }
        try await client.session(session.rawValue).close(force: force, discard: discard)
        try directory.forget()
    }

    func files(in session: SessionID) async throws -> any SandboxFileSystem { client.session(session.rawValue).files }

    func start(_ request: ExecRequest, in session: SessionID) async throws -> any RunningExec {
        try await client.session(session.rawValue).start(request)
    }

    func signal(_ exec: ExecID, in session: SessionID, _ signal: ExecSignal) async throws {
        try await client.session(session.rawValue).signal(exec, signal, wholeTree: true)
    }

    func workspaceStatus(of session: SessionID) async throws -> WorkspaceStatusBody {
        if let directory = try directory(session.rawValue) { return try directory.status() }
        return try await client.session(session.rawValue).workspaceStatus()
    }

    func bringChanges(
        to side: WorkspaceSide, of session: SessionID, dryRun: Bool, progress: @escaping @Sendable (SyncProgress) -> Void
    ) async throws -> SyncReportBody {
        if var directory = try directory(session.rawValue) {
            return try await directory.bringChanges(to: side, dryRun: dryRun, progress: progress)
        }
        return try await client.session(session.rawValue).bringChanges(to: side, dryRun: dryRun, progress: progress)
    }

    func compareWorkspace(of session: SessionID) async throws -> SyncReportBody {
        if var directory = try directory(session.rawValue) {
            return try await directory.bringChanges(to: .host, dryRun: true) { _ in }
        }
        return try await client.session(session.rawValue).compareWorkspace()
    }

    func conflicts(of session: SessionID) async throws -> [ConflictBody] {
        if let directory = try directory(session.rawValue) { return try directory.conflicts() }
        return try await client.session(session.rawValue).conflicts()
    }

    func content(of conflict: ConflictBody, _ version: ConflictVersion, in session: SessionID) async throws -> [UInt8]? {
        if let directory = try directory(session.rawValue) { return try directory.content(of: conflict.id, version) }
        do {
            return try await client.session(session.rawValue).content(of: conflict.id, version)
        } catch let error as SandboxError where error.code == .notFound {
            return nil
        }
    }

    func settle(_ conflict: ConflictBody, of session: SessionID, _ settlement: ConflictSettlement) async throws {
        if let directory = try directory(session.rawValue) { return try await directory.settle(conflict.id, settlement) }
        try await client.session(session.rawValue).settle(conflict.id, settlement)
    }

    /// What a path means there is not what it means here.
    private func refuseDirectories(_ request: SessionRequest) throws {
        var isHere = !request.mounts.isEmpty
        switch request.workspace {
        case .private: break
        case .mounted: isHere = true
        case .synced(let sync):
            guard !sync.pullsAfterExec, sync.interval == nil else {
                throw SandboxError(
                    .unsupported, "a server does not reach this machine, so nothing carries changes over by itself",
                    remedy: "leave --sync-after-exec and --sync-every out, and use `session push` and `session pull`")
            }
        }
        if case .rootDirectory = request.image { isHere = true }
        guard isHere else { return }
        throw SandboxError(
            .unsupported, "directories of this machine cannot be mounted in a sandbox at \(client.endpoint)",
            remedy: "leave --workspace, --volume and directories as image out, and work on a copy with --sync")
    }
}
