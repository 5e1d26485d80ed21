import SandboxCore
import SandboxEngine
import SandboxServer
import SystemPackage

/// Sessions: shells that keep their state from one command to the next, and run one at a time.
struct ToolboxSessions: Sendable {
    struct Command: Sendable {
        var exec: ExecID
        var text: String
    }

    struct Session: Sendable {
        var shell: ExecID
        /// Where its pipes are.
        var directory: String
        var commands: [Command] = []
        /// Of its next command.
        var number = 0
    }

    let services: CompatServices
    let sessions = NamedTable<Session>("session")

    private static let mostCommands = 4096
    private static let largestLog = 16 << 20
    private static let patience = Duration.seconds(20)
    private static let markers: [OutputChannel: [UInt8]] = [.standardOutput: [1, 1, 1], .standardError: [2, 2, 2]]
    /// Behind the collector's own first byte.
    private static let begin = OutputOffsets(standardOutput: 1)

    func create(_ message: SessionMessages.Create, in sandbox: SessionRecord) async throws {
        guard let name = message.sessionId, !name.isEmpty, name.utf8.count <= 255 else {
            throw DaytonaFailure(400, "the session has no id")
        }
        guard name != "entrypoint" else { throw DaytonaFailure(400, "the id 'entrypoint' is the service's own") }
        let directory = "/tmp/.sandlot-sessions/\(ExecID.random())"
        _ = try await sessions.make(name, in: sandbox.id) {
            let exec = try await start(SessionShell.shell(directory: directory), input: .none, in: sandbox)
            return Session(shell: exec, directory: directory)
        }
    }

    func list(in sandbox: SessionRecord) async throws -> [SessionMessages.Session] {
        var found: [SessionMessages.Session] = []
        for (name, session) in sessions.all(in: sandbox.id) { found.append(try await described(name, session)) }
        return found
    }

    func session(_ name: String, in sandbox: SessionRecord) async throws -> SessionMessages.Session {
        try await described(name, try sessions.find(name, in: sandbox.id))
    }

    /// Ends the shell and what it runs.
    func delete(_ name: String, in sandbox: SessionRecord) async throws {
        let session = try sessions.remove(name, in: sandbox.id)
        for command in session.commands { try await services.engine.cancel(command.exec) }
        try await services.engine.cancel(session.shell)
        try? await services.engine.files(in: sandbox.id).remove(FilePath(session.directory), recursive: true)
    }

    /// Runs a command in the session's shell. One that is to be waited for answers with its output.
    func execute(_ message: SessionMessages.Execute, session name: String, in sandbox: SessionRecord) async throws
        -> SessionMessages.Executed
    {
        guard let text = message.command, !text.isEmpty else { throw DaytonaFailure(400, "the command is empty") }
        let command = try await queue(text, name, in: sandbox)
        guard message.runAsync != true, message.async != true else { return SessionMessages.Executed(cmdId: command.exec.rawValue) }
        let logs: SessionMessages.Logs
        let record = try await ended(command, in: try sessions.find(name, in: sandbox.id))
        logs = try await self.logs(of: command)
        return SessionMessages.Executed(
            cmdId: command.exec.rawValue, output: logs.output, stdout: logs.stdout, stderr: logs.stderr, exitCode: try Self.code(record))
    }

    func command(_ id: String, session name: String, in sandbox: SessionRecord) async throws -> SessionMessages.Command {
        let session = try sessions.find(name, in: sandbox.id)
        return try await described(try find(id, in: session), in: session)
    }

    func logs(_ id: String, session name: String, in sandbox: SessionRecord) async throws -> SessionMessages.Logs {
        try await logs(of: try find(id, in: try sessions.find(name, in: sandbox.id)))
    }

    /// A line for the command's input.
    func input(_ message: SessionMessages.Input, command id: String, session name: String, in sandbox: SessionRecord) async throws {
        let command = try find(id, in: try sessions.find(name, in: sandbox.id))
        let over = DaytonaFailure(410, "command \(id) has already completed", code: "COMMAND_ALREADY_COMPLETED")
        guard try await !services.engine.exec(command.exec).isOver else { throw over }
        var data = message.data ?? ""
        if !data.hasSuffix("\n") { data += "\n" }
        do {
            try await services.engine.attach(to: command.exec).write(Array(data.utf8))
        } catch let error as SandboxError where error.code == .conflict {
            throw over
        }
    }

    /// Sends a command's output from its begin to its end, each piece with the mark of its stream.
    func follow(_ id: String, session name: String, in sandbox: SessionRecord, to socket: ServerSocket) async throws {
        let command = try find(id, in: try sessions.find(name, in: sandbox.id))
        let exec = try await services.engine.attach(to: command.exec, from: Self.begin)
        try await socket.run(
            receiving: { _ in },
            sending: {
                for try await event in exec.events {
                    guard case .output(let chunk) = event else { continue }
                    try await socket.send(.binary((Self.markers[chunk.channel] ?? []) + chunk.bytes))
                }
                try await socket.close(code: 1000)
            })
        await exec.detach()
    }

    func forget(_ sandbox: SessionID) { sessions.forget(sandbox) }

    private func queue(_ text: String, _ name: String, in sandbox: SessionRecord) async throws -> Command {
        let session = try sessions.find(name, in: sandbox.id)
        guard try await !services.engine.exec(session.shell).isOver else { throw Self.over(name) }
        var number = 0
        try sessions.change(name, in: sandbox.id) { session in
            guard session.number < Self.mostCommands else {
                throw DaytonaFailure(429, "the session has run too many commands: make another one")
            }
            number = session.number
            session.number += 1
        }
        let isShort = text.utf8.count <= ToolboxCommands.largestArgument
        if !isShort {
            try await services.engine.files(in: sandbox.id).write(
                text: text + "\n", to: FilePath("\(session.directory)/\(number)/command"), options: FileWriteOptions(createsParents: true))
        }
        let exec = try await start(
            SessionShell.collector(directory: session.directory, number: number, command: isShort ? text : nil), input: .stream, in: sandbox
        )
        let command = Command(exec: exec, text: text)
        try sessions.change(name, in: sandbox.id) { $0.commands.append(command) }
        return command
    }

    /// Starts one of our programs and waits for its first byte.
    private func start(_ arguments: [String], input: ExecRequest.Input, in sandbox: SessionRecord) async throws -> ExecID {
        let exec = try await services.engine.start(sandbox.id, ExecRequest(.arguments(arguments), input: input))
        let engine = services.engine
        do {
            let isReady = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    for try await event in exec.events {
                        if case .output = event { return true }
                        break
                    }
                    return false
                }
                group.addTask {
                    try await Task.sleep(for: Self.patience)
                    return false
                }
                defer { group.cancelAll() }
                return try await group.next() ?? false
            }
            await exec.detach()
            guard isReady else { throw DaytonaFailure(410, "the session's shell takes no command", code: "SESSION_ENDED") }
            return exec.id
        } catch {
            try? await engine.cancel(exec.id)
            throw error
        }
    }

    /// Waits for a command's end. A command whose shell was ended by another one never runs.
    private func ended(_ command: Command, in session: Session) async throws -> ExecRecord {
        let engine = services.engine
        return try await withThrowingTaskGroup(of: ExecRecord.self) { group in
            group.addTask { try await engine.wait(for: command.exec) }
            group.addTask {
                _ = try await engine.wait(for: session.shell)
                try await Task.sleep(for: Self.grace)
                try await engine.cancel(command.exec)
                return try await engine.wait(for: command.exec)
            }
            defer { group.cancelAll() }
            guard let record = try await group.next() else { throw CancellationError() }
            return record
        }
    }

    /// How long the command that ended the shell may take to say so.
    private static let grace = Duration.seconds(2)

    private func described(_ name: String, _ session: Session) async throws -> SessionMessages.Session {
        var commands: [SessionMessages.Command] = []
        for command in session.commands { commands.append(try await described(command, in: session)) }
        return SessionMessages.Session(sessionId: name, commands: commands)
    }

    private func described(_ command: Command, in session: Session) async throws -> SessionMessages.Command {
        var record = try await services.engine.exec(command.exec)
        if !record.isOver, let end = try await services.engine.exec(session.shell).endedAt,
            Timestamp.now().milliseconds - end.milliseconds > 2000
        {
            try await services.engine.cancel(command.exec)
            record = try await services.engine.wait(for: command.exec)
        }
        return SessionMessages.Command(
            id: command.exec.rawValue, command: command.text, exitCode: record.isOver ? try Self.code(record) : nil)
    }

    private func find(_ id: String, in session: Session) throws -> Command {
        guard let found = session.commands.first(where: { $0.exec.rawValue == id }) else {
            throw DaytonaFailure(404, "command \(id.prefix(80)) not found", code: "PROCESS_NOT_FOUND")
        }
        return found
    }

    private func logs(of command: Command) async throws -> SessionMessages.Logs {
        var texts: [OutputChannel: [UInt8]] = [:]
        for channel in OutputChannel.allCases {
            var bytes: [UInt8] = []
            for try await chunk in try await services.engine.output(of: command.exec, channel: channel, from: Self.begin[channel]) {
                bytes += chunk.bytes.prefix(Self.largestLog - bytes.count)
                if bytes.count >= Self.largestLog { break }
            }
            texts[channel] = bytes
        }
        let merged = OutputChannel.allCases.flatMap { channel in
            let bytes = texts[channel] ?? []
            return bytes.isEmpty ? [] : (Self.markers[channel] ?? []) + bytes
        }
        return SessionMessages.Logs(
            output: String(decoding: merged, as: UTF8.self), stdout: String(decoding: texts[.standardOutput] ?? [], as: UTF8.self),
            stderr: String(decoding: texts[.standardError] ?? [], as: UTF8.self))
    }

    /// An end that nobody knows is told as no code at all.
    private static func code(_ record: ExecRecord) throws -> Int32? {
        guard let ending = record.ending else { return nil }
        if case .lost(let reason) = ending.outcome { throw DaytonaFailure(410, "what became of the command is not known: \(reason)") }
        return ending.outcome.exitStatus
    }

    private static func over(_ name: String) -> DaytonaFailure {
        DaytonaFailure(410, "session \(name) has ended: its shell exited", code: "SESSION_ENDED")
    }
}
