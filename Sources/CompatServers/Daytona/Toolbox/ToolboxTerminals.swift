import SandboxCore
import SandboxEngine
import SandboxServer
import SystemPackage

/// Terminals: shells with a screen, seen and typed into through WebSockets.
struct ToolboxTerminals: Sendable {
    struct Terminal: Sendable {
        var exec: ExecID
        var workingDirectory: String
        var environment: [String: String]
        var size: TerminalSize
        var createdAt: String
    }

    let services: CompatServices
    let terminals = NamedTable<Terminal>("PTY session")

    /// The service's own bound.
    private static let largestSide: UInt16 = 1000

    @discardableResult
    func create(_ message: SessionMessages.TerminalRequest, in sandbox: SessionRecord) async throws -> Terminal {
        guard let name = message.id, !name.isEmpty, name.utf8.count <= 255 else { throw DaytonaFailure(400, "the PTY session has no id") }
        if message.lazyStart == true { throw DaytonaFailure.unserved("a terminal's shell starts at once here: 'lazyStart' is not served") }
        let size = try Self.size(message.cols ?? 80, message.rows ?? 24)
        let directory = try HomePaths.resolve(message.cwd, home: DaytonaServer.home)
        let environment = message.envs ?? [:]
        return try await terminals.make(name, in: sandbox.id) {
            let exec = try await services.engine.start(
                sandbox.id,
                ExecRequest(
                    .arguments(["/bin/sh", "-c", "exec \(ToolboxCommands.shell) -i"]), workingDirectory: directory,
                    environment: ["TERM": "xterm-256color", "LANG": "C.UTF-8"].merging(environment) { $1 }, input: .stream, terminal: size))
            return Terminal(
                exec: exec.id, workingDirectory: directory.string, environment: environment, size: size,
                createdAt: CompatTime.text(milliseconds: Timestamp.now().milliseconds))
        }
    }

    func list(in sandbox: SessionRecord) async throws -> SessionMessages.Terminals {
        var found: [SessionMessages.Terminal] = []
        for (name, terminal) in terminals.all(in: sandbox.id) { found.append(try await described(name, terminal)) }
        return SessionMessages.Terminals(sessions: found)
    }

    func info(_ name: String, in sandbox: SessionRecord) async throws -> SessionMessages.Terminal {
        try await described(name, try terminals.find(name, in: sandbox.id))
    }

    func delete(_ name: String, in sandbox: SessionRecord) async throws {
        try await services.engine.cancel(try terminals.remove(name, in: sandbox.id).exec)
    }

    func resize(_ name: String, _ message: SessionMessages.TerminalRequest, in sandbox: SessionRecord) async throws
        -> SessionMessages.Terminal
    {
        let size = try Self.size(message.cols ?? 80, message.rows ?? 24)
        let terminal = try terminals.find(name, in: sandbox.id)
        try await services.engine.attach(to: terminal.exec).resize(size)
        try terminals.change(name, in: sandbox.id) { $0.size = size }
        return try await info(name, in: sandbox)
    }

    /// Shows a terminal until it ends or its viewer goes; the terminal stays then. `fromStart` shows what it has printed so far, too.
    func show(_ name: String, fromStart: Bool, tellsExit: Bool, in sandbox: SessionRecord, to socket: ServerSocket) async throws {
        let id = try terminals.find(name, in: sandbox.id).exec
        // At once: the client gives up after a tenth of a second.
        try await socket.send(try .control(SessionMessages.Control(status: "connected")))
        let begin = fromStart ? OutputOffsets.zero : try await services.engine.outputSize(of: id)
        let exec = try await services.engine.attach(to: id, from: begin)
        try await socket.run(
            receiving: { message in
                let bytes: [UInt8]
                switch message {
                case .binary(let input): bytes = input
                case .text(let input): bytes = Array(input.utf8)
                }
                do {
                    try await exec.write(bytes)
                } catch let error as SandboxError where error.code == .conflict {
                    // It has ended: the end is on its way.
                }
            },
            sending: {
                for try await event in exec.events {
                    switch event {
                    case .output(let chunk): try await socket.send(.binary(chunk.bytes))
                    case .ended(let ending): try await Self.end(ending.outcome, tellsExit: tellsExit, socket)
                    }
                }
            })
        await exec.detach()
    }

    func forget(_ sandbox: SessionID) { terminals.forget(sandbox) }

    private static func end(_ outcome: ExecOutcome, tellsExit: Bool, _ socket: ServerSocket) async throws {
        if case .lost(let reason) = outcome {
            try await socket.send(
                try .control(SessionMessages.Control(status: "error", error: "what became of the terminal is not known: \(reason)")))
            return try await socket.close(code: 1011, reason: "lost")
        }
        let code = outcome.exitStatus
        let reason: String? =
            switch outcome {
            case .exited(0): nil
            case .exited: "non-zero exit"
            case .signaled, .cancelled, .timedOut, .lost: "killed"
            }
        if tellsExit { try await socket.send(.control(SessionMessages.Control(status: "exited", exitCode: code, exitReason: reason))) }
        let told = try CompatJSON.encode(SessionMessages.Exit(exitCode: code, exitReason: reason))
        try await socket.close(code: code == 0 ? 1000 : 1011, reason: String(decoding: told, as: UTF8.self))
    }

    private func described(_ name: String, _ terminal: Terminal) async throws -> SessionMessages.Terminal {
        SessionMessages.Terminal(
            id: name, active: try await !services.engine.exec(terminal.exec).isOver, cwd: terminal.workingDirectory,
            envs: terminal.environment, cols: terminal.size.columns, rows: terminal.size.rows, createdAt: terminal.createdAt)
    }

    private static func size(_ columns: UInt16, _ rows: UInt16) throws -> TerminalSize {
        guard (1...largestSide).contains(columns), (1...largestSide).contains(rows) else {
            throw DaytonaFailure(400, "a terminal has 1 to \(largestSide) columns and rows")
        }
        return TerminalSize(columns: columns, rows: rows)
    }
}

extension ServerSocket.Message {
    /// A control message of a terminal.
    static func control(_ message: SessionMessages.Control) throws -> ServerSocket.Message {
        .text(String(decoding: try CompatJSON.encode(message), as: UTF8.self))
    }
}
