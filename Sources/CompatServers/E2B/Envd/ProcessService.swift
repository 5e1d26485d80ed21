import Foundation
import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine
import SystemPackage

/// `process.Process`: commands and terminals of one sandbox.
struct ProcessService: Sendable {
    let services: CompatServices
    let processes: ProcessTable

    /// Runs a command and streams what becomes of it. The command goes on when the client goes.
    func start(_ request: Request, in session: SessionRecord) async -> Response {
        do {
            let message: ProcessMessages.StartRequest = try await ConnectFraming.single(of: request)
            let exec = try await launch(message, timeout: try Self.deadline(of: request), in: session.id)
            return stream(exec.0, process: exec.1, isTerminal: message.pty != nil, session: session.id, request)
        } catch {
            return ConnectStream.failed(error)
        }
    }

    /// Streams a running command from now on.
    func connect(_ request: Request, in session: SessionRecord) async -> Response {
        do {
            let message: ProcessMessages.Selected = try await ConnectFraming.single(of: request)
            let entry = try await find(message.process, in: session.id)
            let written = try await services.engine.outputSize(of: entry.exec)
            let exec = try await services.engine.attach(to: entry.exec, from: written)
            return stream(exec, process: entry.processID, isTerminal: entry.hasTerminal, session: session.id, request)
        } catch {
            return ConnectStream.failed(error)
        }
    }

    func list(in session: SessionRecord) async throws -> ProcessMessages.List {
        ProcessMessages.List(
            processes: try await processes.running(in: session.id).map { entry in
                ProcessMessages.Info(
                    config: ProcessMessages.Config(
                        cmd: entry.arguments.first ?? "", args: Array(entry.arguments.dropFirst()), envs: entry.environment,
                        cwd: entry.workingDirectory),
                    pid: entry.processID, tag: entry.tag)
            })
    }

    func sendInput(_ message: ProcessMessages.InputRequest, in session: SessionRecord) async throws {
        let exec = try await control(message.process, in: session.id)
        try await write(message.input, to: exec)
    }

    /// A client's stream of input: who, then what.
    func streamInput(_ request: Request, in session: SessionRecord) async throws {
        var reader = ConnectReader(request)
        var exec: EngineExec?
        while let bytes = try await reader.next() {
            let message: ProcessMessages.InputEvent = try CompatJSON.decode(from: bytes)
            if let start = message.start { exec = try await control(start.process, in: session.id) }
            guard let input = message.data?.input else { continue }
            guard let exec else { throw ConnectFailure("invalid_argument", "the stream does not begin with the process") }
            try await write(input, to: exec)
        }
    }

    func closeInput(_ message: ProcessMessages.Selected, in session: SessionRecord) async throws {
        try await control(message.process, in: session.id).closeInput()
    }

    func signal(_ message: ProcessMessages.SignalRequest, in session: SessionRecord) async throws {
        let entry = try await find(message.process, in: session.id)
        switch message.signal {
        // The whole tree: what the command started is not to outlive it unseen.
        case "SIGNAL_SIGKILL":
            try await services.engine.signal(entry.exec, .kill, wholeTree: true)
            try await untilEnded(entry, in: session.id)
        case "SIGNAL_SIGTERM": try await services.engine.signal(entry.exec, .terminate)
        default: throw ConnectFailure("invalid_argument", "the signal is SIGNAL_SIGKILL or SIGNAL_SIGTERM")
        }
    }

    func update(_ message: ProcessMessages.UpdateRequest, in session: SessionRecord) async throws {
        guard let size = message.pty?.size else { return }
        try await control(message.process, in: session.id).resize(try Self.size(size))
    }

    /// A killed process is gone when its killer hears of it, so that a second kill finds nobody.
    private func untilEnded(_ entry: ProcessTable.Entry, in session: SessionID) async throws {
        let engine = services.engine
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = try await engine.wait(for: entry.exec)
                return true
            }
            group.addTask {
                try await Task.sleep(for: Self.killPatience)
                return false
            }
            defer { group.cancelAll() }
            if try await group.next() == true { processes.end(entry.exec, entry.processID, in: session) }
        }
    }

    private static let killPatience = Duration.seconds(5)

    private func launch(
        _ message: ProcessMessages.StartRequest, timeout: Duration?, in session: SessionID
    ) async throws -> (EngineExec, Int32) {
        guard let process = message.process, let program = process.cmd, !program.isEmpty else {
            throw ConnectFailure("invalid_argument", "there is no command")
        }
        var environment = process.envs ?? [:]
        let terminal = try message.pty.map { try Self.size($0.size ?? ProcessMessages.Size()) }
        if terminal != nil {
            for (name, value) in ["TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"] where environment[name] == nil {
                environment[name] = value
            }
        }
        let exec = try await services.engine.start(
            session,
            ExecRequest(
                .arguments([program] + (process.args ?? [])), workingDirectory: process.cwd.flatMap { $0.isEmpty ? nil : FilePath($0) },
                environment: environment,
                // Older clients say nothing about input, and then want it.
                input: message.stdin ?? true ? .stream : .none, terminal: terminal, timeout: timeout, killGrace: .zero))
        guard let number = exec.processID else {
            throw ConnectFailure("internal", "the command runs and has no process number")
        }
        processes.add(
            ProcessTable.Entry(
                exec: exec.id, processID: number, tag: message.tag, arguments: [program] + (process.args ?? []),
                environment: process.envs ?? [:], workingDirectory: process.cwd, hasTerminal: terminal != nil),
            in: session)
        return (exec, number)
    }

    private func stream(
        _ exec: EngineExec, process: Int32, isTerminal: Bool, session: SessionID, _ request: Request
    ) -> Response {
        let processes = processes
        let interval = request.headers[Self.keepaliveField].flatMap { Int($0) }.map { max(1, min($0, 3600)) } ?? 90
        return ConnectStream(keepalive: ProcessMessages.Event.keepalive, interval: .seconds(interval)).response { send in
            do {
                try await send(ProcessMessages.Event(event: .init(start: .init(pid: process))))
                for try await event in exec.events {
                    switch event {
                    case .output(let chunk): try await send(Self.message(chunk, isTerminal: isTerminal))
                    case .ended(let ending):
                        processes.end(exec.id, process, in: session)
                        try await send(try Self.message(ending))
                    }
                }
            } catch {
                // The client has gone, not the command.
                await exec.detach()
                throw error
            }
        }
    }

    private static func message(_ chunk: OutputChunk, isTerminal: Bool) -> ProcessMessages.Event {
        var content = ProcessMessages.Event.Content()
        let bytes = Data(chunk.bytes)
        if isTerminal {
            content.pty = bytes
        } else if chunk.channel == .standardOutput {
            content.stdout = bytes
        } else {
            content.stderr = bytes
        }
        return ProcessMessages.Event(event: .init(data: content))
    }

    private static func message(_ ending: ExecEnding) throws -> ProcessMessages.Event {
        let end: ProcessMessages.Event.End
        switch ending.outcome {
        case .exited(let code):
            let status = "exit status \(code)"
            end = .init(exitCode: code == 0 ? nil : code, exited: true, status: status, error: code == 0 ? nil : status)
        case .signaled(let signal, _):
            let status = "signal: \(signal == .kill ? "killed" : signal == .terminate ? "terminated" : "\(signal)")"
            end = .init(exitCode: -1, exited: nil, status: status, error: status)
        case .cancelled: end = .init(exitCode: -1, exited: nil, status: "signal: killed", error: "signal: killed")
        case .timedOut: throw ConnectFailure("deadline_exceeded", "the command took longer than its timeout and was killed")
        case .lost(let reason): throw ConnectFailure("unavailable", "what became of the command is not known: \(reason)")
        }
        return ProcessMessages.Event(event: .init(end: end))
    }

    private func write(_ input: ProcessMessages.Input?, to exec: EngineExec) async throws {
        guard let bytes = input?.stdin ?? input?.pty else { throw ConnectFailure("invalid_argument", "there is no input") }
        try await exec.write(Array(bytes))
    }

    private func control(_ selector: ProcessMessages.Selector?, in session: SessionID) async throws -> EngineExec {
        try await services.engine.attach(to: try await find(selector, in: session).exec)
    }

    private func find(_ selector: ProcessMessages.Selector?, in session: SessionID) async throws -> ProcessTable.Entry {
        guard let selector, selector.pid != nil || selector.tag != nil else {
            throw ConnectFailure("invalid_argument", "the process is not named")
        }
        guard let entry = try await processes.find(process: selector.pid, tag: selector.tag, in: session) else {
            throw ConnectFailure("not_found", "process \(selector.pid.map { "\($0)" } ?? "'\(selector.tag ?? "")'") not found")
        }
        return entry
    }

    private static func size(_ size: ProcessMessages.Size) throws -> TerminalSize {
        guard let columns = UInt16(exactly: size.cols ?? 80), let rows = UInt16(exactly: size.rows ?? 24), columns > 0, rows > 0 else {
            throw ConnectFailure("invalid_argument", "a terminal has 1 to 65535 columns and rows")
        }
        return TerminalSize(columns: columns, rows: rows)
    }

    /// The client's deadline: the service kills the command when it is over.
    private static func deadline(of request: Request) throws -> Duration? {
        guard let text = request.headers[timeoutField] else { return nil }
        guard let milliseconds = Int64(text), milliseconds >= 0 else {
            throw ConnectFailure("invalid_argument", "Connect-Timeout-Ms is not a number of milliseconds")
        }
        return milliseconds == 0 ? nil : .milliseconds(milliseconds)
    }

    private static let timeoutField = field("Connect-Timeout-Ms")
    private static let keepaliveField = field("Keepalive-Ping-Interval")
}
