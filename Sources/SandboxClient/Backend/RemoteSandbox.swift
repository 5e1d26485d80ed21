import SandboxAPI
public import SandboxCore
public import SystemPackage

/// A sandbox of a server's session.
public struct RemoteSandbox: Sandbox {
    public let reference: SandboxReference
    public let workspacePath: FilePath
    private let session: RemoteSession
    private let backend: BackendID

    init(_ reference: SandboxReference, _ session: RemoteSession, _ body: SandboxBody, backend: BackendID) {
        self.reference = reference
        self.session = session
        self.backend = backend
        workspacePath = body.workspacePath.path
    }

    public var files: any SandboxFileSystem { session.files }

    public func start(_ request: ExecRequest) async throws -> any RunningExec { try await session.start(request) }

    public func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec {
        try await session.attach(to: exec, from: offsets)
    }

    public func execs() async throws -> [ExecSnapshot] {
        // A server still tells the execs of a session that is closed, but its sandbox is gone.
        guard try await session.record().closedAt == nil else { throw session.client.gone(session.id) }
        var snapshots: [ExecSnapshot] = []
        // What never ran has no process: it is not an exec of the sandbox.
        for try await exec in session.execs() {
            guard let process = exec.process else { continue }
            snapshots.append(
                ExecSnapshot(
                    id: exec.id, processID: process, standardOutput: 0..<exec.available.stdout, standardError: 0..<exec.available.stderr,
                    hasTerminal: exec.terminal, ending: try exec.ending?.ending()))
        }
        return snapshots
    }

    public func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws {
        try await session.signal(exec, signal, wholeTree: wholeTree)
    }

    public func forget(_ exec: ExecID) async throws { try await session.forget(exec) }

    public func destroy() async throws {
        do {
            try await session.close(force: true)
        } catch let error as SandboxError where error.code == .notFound {}
    }
}
