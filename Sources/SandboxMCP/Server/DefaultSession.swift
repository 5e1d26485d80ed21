import SandboxCore
import SandboxEngine

/// The session of calls that name none, opened when it is first needed and once however many calls wait for it.
actor DefaultSession {
    private let engine: Engine
    private let choice: MCPPolicy.DefaultSession
    private var opening: Task<SessionRecord, any Error>?
    private var opened: SessionID?

    init(engine: Engine, choice: MCPPolicy.DefaultSession) {
        self.engine = engine
        self.choice = choice
    }

    /// Throws `conflict` once when the session has ended meanwhile, so that nobody takes the next one for it.
    func record() async throws -> SessionRecord {
        switch choice {
        case .none:
            throw SandboxError(
                .invalidArgument, "no session is named, and this server has none of its own",
                remedy: "pass `session`, the id or name of one from session_open or session_list")
        case .existing(let name): return try await engine.session(name)
        case .open(let request): return try await own(request)
        }
    }

    private func own(_ request: SessionRequest) async throws -> SessionRecord {
        if let opened {
            let record = try await engine.session(opened.rawValue)
            if record.state == .ready || record.state == .opening { return record }
            if self.opened == opened { self.opened = nil }
            throw SandboxError(
                .conflict, "the server's own session \(opened) is \(record.state.rawValue): its files and commands are gone",
                remedy: "call again: a fresh session is opened")
        }
        let task = opening ?? Task { try await engine.open(request) }
        opening = task
        defer { if opening == task { opening = nil } }
        let record = try await task.value
        opened = record.id
        return record
    }

    /// Closes what was opened here, although the calling task may be cancelled: that is how a program is asked to end.
    func close() async {
        let closing = Task { await closeNow() }
        await closing.value
    }

    private func closeNow() async {
        if let opening { _ = try? await opening.value }
        guard let opened else { return }
        self.opened = nil
        try? await engine.close(opened, force: true)
    }
}
