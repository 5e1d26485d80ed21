import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore
import SandboxEngine
import SandboxServer
import Synchronization
import SystemPackage

/// Commands of a session: run, followed, fed, killed.
final class VercelCommands: Sendable {
    private let services: CompatServices
    /// Bytes of input that each command was given; those that are not here take none.
    private let inputs = Mutex<[ExecID: Int]>([:])

    private static let longestTimeout: Int64 = 86_400_000

    init(_ services: CompatServices) { self.services = services }

    /// Starts a command. One that is to be waited for answers as it goes on: the command, its output, the command with its status.
    func start(_ request: Request, in sandbox: VercelRecord) async throws -> Response {
        let message: CommandMessages.Start = try await CompatJSON.decode(from: request)
        let exec = try await launch(message, in: sandbox)
        let record = try await services.engine.exec(exec.id)
        guard message.wait == true else {
            await exec.detach()
            return CompatJSON.response(CommandMessages.OfCommand(command: Self.command(record, in: sandbox)))
        }
        return lines { write in
            var command = Self.command(record, in: sandbox)
            // The status is the last record's alone, also when the command is over already.
            command.exitCode = nil
            try await write(CommandMessages.OfCommand(command: command))
            command.exitCode = try Self.code(try await Self.tell(exec, isSilent: message.logs != true, write).outcome)
            try await write(CommandMessages.OfCommand(command: command))
        }
    }

    func list(in sandbox: VercelRecord) async throws -> CommandMessages.Commands {
        CommandMessages.Commands(
            commands: try await services.engine.execs(in: sandbox.id).filter { !$0.hasTerminal }.map { Self.command($0, in: sandbox) })
    }

    func command(_ id: String, waits: Bool, in sandbox: VercelRecord) async throws -> CommandMessages.OfCommand {
        var record = try await find(id, in: sandbox)
        if waits { record = try await services.engine.wait(for: record.id) }
        if let ending = record.ending, case .lost(let reason) = ending.outcome { throw Self.lost(reason) }
        return CommandMessages.OfCommand(command: Self.command(record, in: sandbox))
    }

    /// All output from the begin, as it comes.
    func logs(_ id: String, in sandbox: VercelRecord) async throws -> Response {
        let exec = try await services.engine.attach(to: try await find(id, in: sandbox).id, from: .zero)
        return lines { write in _ = try await Self.tell(exec, isSilent: false, write) }
    }

    func kill(_ id: String, _ message: CommandMessages.Kill, in sandbox: VercelRecord) async throws -> CommandMessages.OfCommand {
        let record = try await find(id, in: sandbox)
        let signal = try ExecSignal(number: message.signal ?? 15)
        do {
            try await services.engine.signal(record.id, signal, wholeTree: signal == .kill)
        } catch let error as SandboxError where error.code == .conflict {
            // It has ended.
        }
        return CommandMessages.OfCommand(command: Self.command(try await services.engine.exec(record.id), in: sandbox))
    }

    /// Input from an offset: what the command has already is skipped, so that a client may repeat what it is not sure of.
    func input(_ id: String, _ message: CommandMessages.Input, in sandbox: VercelRecord) async throws -> CommandMessages.OfCommand {
        let record = try await find(id, in: sandbox)
        let none = VercelFailure(400, "command_stdin_unavailable", "the command's input is closed, or was never attached")
        guard let written = inputs.withLock({ $0[record.id] }), !record.isOver else { throw none }
        let offset = message.offset ?? written
        guard offset <= written else { throw VercelFailure(400, "bad_request", "the input has a gap: \(written) bytes have come so far") }
        let fresh = Array((message.data.map { Array($0) } ?? []).dropFirst(written - offset))
        let exec = try await services.engine.attach(to: record.id)
        do {
            if !fresh.isEmpty {
                // Before the write: what was sent and not answered is not sent twice.
                inputs.withLock { $0[record.id] = written + fresh.count }
                try await exec.write(fresh)
            }
            if message.close == true {
                try await exec.closeInput()
                inputs.withLock { $0[record.id] = nil }
            }
        } catch let error as SandboxError where error.code == .conflict {
            throw none
        }
        return CommandMessages.OfCommand(command: Self.command(record, in: sandbox), bytesWritten: written + fresh.count)
    }

    /// A terminal's command, as its first message asks for it.
    func terminal(_ message: CommandMessages.TerminalRequest, in sandbox: VercelRecord) async throws -> EngineExec {
        guard let program = message.command, !program.isEmpty else { throw VercelFailure(400, "bad_request", "there is no command") }
        var environment: [String: String] = [:]
        for pair in message.env ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            environment[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return try await services.engine.start(
            sandbox.id,
            ExecRequest(
                .arguments([program] + (message.args ?? [])), workingDirectory: try HomePaths.resolve(message.cwd, home: VercelServer.home),
                environment: environment, input: .stream, terminal: try Self.size(message)))
    }

    static func size(_ message: CommandMessages.TerminalRequest) throws -> TerminalSize {
        let size = TerminalSize(columns: message.cols ?? 80, rows: message.rows ?? 24)
        guard size.columns > 0, size.rows > 0 else {
            throw VercelFailure(400, "bad_request", "a terminal has at least one column and one row")
        }
        return size
    }

    private func launch(_ message: CommandMessages.Start, in sandbox: VercelRecord) async throws -> EngineExec {
        guard let program = message.command, !program.isEmpty else { throw VercelFailure(400, "bad_request", "there is no command") }
        if message.sudo == true {
            throw VercelFailure.unserved("a sandbox here has one user and no sudo: install packages into the image")
        }
        let timeout = message.timeout ?? 0
        guard (0...Self.longestTimeout).contains(timeout) else {
            throw VercelFailure(400, "bad_request", "the timeout is 0 to \(Self.longestTimeout) ms")
        }
        let exec = try await services.engine.start(
            sandbox.id,
            ExecRequest(
                .arguments([program] + (message.args ?? [])), workingDirectory: try HomePaths.resolve(message.cwd, home: VercelServer.home),
                environment: message.env ?? [:], input: message.attachStdin == true ? .stream : .none,
                timeout: timeout == 0 ? nil : .milliseconds(timeout), killGrace: .zero))
        if message.attachStdin == true { inputs.withLock { $0[exec.id] = 0 } }
        return exec
    }

    private func find(_ id: String, in sandbox: VercelRecord) async throws -> ExecRecord {
        guard let exec = try? ExecID(validating: id), let record = try? await services.engine.exec(exec), record.session == sandbox.id
        else {
            throw VercelFailure(404, "not_found", "there is no command '\(id.prefix(80))'")
        }
        if record.isOver { inputs.withLock { $0[exec] = nil } }
        return record
    }

    private typealias Write = @Sendable (any Encodable & Sendable) async throws -> Void

    /// A line for each value, for as long as somebody reads.
    private func lines(_ produce: @escaping @Sendable (_ write: Write) async throws -> Void) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                var out = writer
                try await LiveStream.run(
                    keepalive: Self.longestSilence,
                    produce: { send in try await produce { try await send(try Self.line($0)) } },
                    write: { (item: StreamMailbox<ByteBuffer>.Item) in
                        switch item {
                        case .element(let line): try await out.write(line)
                        case .notice: try await out.write(try Self.line(CommandMessages.Broken(data: Self.leaving.told)))
                        case .failure(let error):
                            try await out.write(try Self.line(CommandMessages.Broken(data: VercelFailure(error).told)))
                        case .silence, .end: break
                        case .gone: return false
                        }
                        return true
                    })
                writer = out
                try await writer.finish(nil)
            })
    }

    /// The protocol has no sign of life.
    private static let longestSilence = Duration.seconds(86_400)
    private static let leaving = VercelFailure(410, "sandbox_stream_closed", "the server shuts down; what runs goes on")

    private static func line(_ value: any Encodable) throws -> ByteBuffer { ByteBuffer(bytes: try CompatJSON.encode(value) + [10]) }

    /// Tells output as it comes, and returns the end; one that nobody knows is thrown.
    private static func tell(_ exec: EngineExec, isSilent: Bool, _ write: Write) async throws -> ExecEnding {
        var texts: [OutputChannel: TextPieces] = [:]
        func say(_ channel: OutputChannel, _ text: String) async throws {
            guard !isSilent, !text.isEmpty else { return }
            try await write(CommandMessages.Output(stream: channel.rawValue, data: text))
        }
        for try await event in exec.events {
            switch event {
            case .output(let chunk): try await say(chunk.channel, texts[chunk.channel, default: TextPieces()].take(chunk.bytes))
            case .ended(let ending):
                for channel in OutputChannel.allCases { try await say(channel, texts[channel]?.finish() ?? "") }
                if case .lost(let reason) = ending.outcome { throw lost(reason) }
                return ending
            }
        }
        throw leaving
    }

    private static func command(_ record: ExecRecord, in sandbox: VercelRecord) -> CommandMessages.Command {
        CommandMessages.Command(
            id: record.id.rawValue, name: record.arguments.first ?? "", args: Array(record.arguments.dropFirst()),
            cwd: record.workingDirectory?.string ?? VercelServer.home.string, sessionId: sandbox.sessionID,
            exitCode: record.ending.flatMap { try? code($0.outcome) } ?? record.refusalStatus, startedAt: record.startedAt.milliseconds)
    }

    /// The service kills what takes too long, and says so as a shell would.
    private static func code(_ outcome: ExecOutcome) throws -> Int32 {
        switch outcome {
        case .timedOut, .cancelled: 137
        case .lost(let reason): throw lost(reason)
        case .exited, .signaled: outcome.exitStatus
        }
    }

    private static func lost(_ reason: String) -> VercelFailure {
        VercelFailure(410, "sandbox_stopped", "what became of the command is not known: \(reason)")
    }
}
