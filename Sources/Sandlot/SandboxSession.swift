public import SandboxCore
public import SandboxEngine
public import SandboxWorkspace

/// A session in the hands of a program: commands and files.
public struct SandboxSession: Sendable {
    /// As it was when it was opened.
    public let record: SessionRecord
    private let engine: Engine

    init(record: SessionRecord, engine: Engine) {
        self.record = record
        self.engine = engine
    }

    /// Which session this is.
    public var id: SessionID { record.id }

    /// Runs a line of shell to its end. A command that fails is a result, not an error.
    public func run(_ line: String, input: [UInt8] = [], timeout: Duration? = nil) async throws -> ExecResult {
        try await run(ExecRequest(.shell(line), timeout: timeout), input: input)
    }

    /// Runs a program to its end.
    public func run(_ arguments: [String], input: [UInt8] = [], timeout: Duration? = nil) async throws -> ExecResult {
        try await run(ExecRequest(.arguments(arguments), timeout: timeout), input: input)
    }

    /// Runs a command to its end and collects its output, each stream up to `limit` bytes. When the task is cancelled the command's tree is
    /// killed.
    public func run(_ request: ExecRequest, input: [UInt8] = [], limit: Int = 16 << 20) async throws -> ExecResult {
        var request = request
        if !input.isEmpty { request.input = .stream }
        let exec = try await start(request)
        do {
            return try await exec.collect(input: request.input == .stream ? input : nil, limit: limit)
        } catch {
            // Owned and awaited: the tree is killed although this task may be cancelled.
            let ending = Task { try? await exec.cancel() }
            await ending.value
            throw error
        }
    }

    /// Starts a command; whoever holds the result asks for its events.
    public func start(_ request: ExecRequest) async throws -> EngineExec { try await engine.start(id, request) }

    /// The sandbox's files; relative paths mean the workspace.
    public func files() async throws -> any SandboxFileSystem { try await engine.files(in: id) }

    /// Brings the changes of a synced workspace to the host; conflicts are kept on both sides and reported.
    public func pull() async throws -> SyncReport { try await engine.pull(id) }

    /// Brings the host's changes into a synced workspace.
    public func push() async throws -> SyncReport { try await engine.push(id) }

    /// Ends the session and everything that runs in it. The work in a synced workspace is brought out first; when that fails, nothing is destroyed.
    public func close() async throws { try await engine.close(id, force: true) }
}

extension Engine {
    /// Opens a session, ready for its first command.
    public func openSession(_ request: SessionRequest = SessionRequest()) async throws -> SandboxSession {
        SandboxSession(record: try await open(request), engine: self)
    }

    /// A session that exists, by id or name.
    public func existingSession(_ idOrName: String) async throws -> SandboxSession {
        SandboxSession(record: try await session(idOrName), engine: self)
    }

    /// A session for as long as `body` lasts; it ends with the program even if that is killed.
    public func withSession<R: Sendable>(
        _ request: SessionRequest = SessionRequest(), isolation: isolated (any Actor)? = #isolation,
        _ body: (SandboxSession) async throws -> R
    ) async throws -> R {
        var request = request
        request.endsWithCreator = true
        let session = try await openSession(request)
        // Owned and awaited: the session is closed although this task may be cancelled.
        do {
            let result = try await body(session)
            let closing = Task { try await session.close() }
            try await closing.value
            return result
        } catch {
            let closing = Task { try? await session.close() }
            await closing.value
            throw error
        }
    }
}
