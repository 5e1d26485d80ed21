import SandboxCore
import SandboxEngine
import SystemPackage

/// Commands that are run to their end and answered in one piece.
struct ToolboxCommands: Sendable {
    let services: CompatServices

    /// Of the answer; what is beyond it is dropped and said so.
    private static let largestOutput = 16 << 20
    /// One argument of a program may have 128 KiB; longer texts go through standard input.
    static let largestArgument = 100_000

    /// Runs a shell line. Both streams are one in the answer, in the order in which they were written.
    func execute(_ message: ToolboxMessages.Execute, in session: SessionRecord) async throws -> ToolboxMessages.Executed {
        guard let command = message.command, !command.isEmpty else { throw DaytonaFailure(400, "the command is empty") }
        let (code, text) = try await run(
            command, with: Interpreter(program: Self.shell, textFlag: "-c", inputFlag: "-s"), arguments: [], cwd: message.cwd,
            environment: message.envs, timeout: message.timeout, in: session)
        return ToolboxMessages.Executed(exitCode: code, result: text)
    }

    /// Runs a program text with its language's interpreter, which the sandbox must have.
    func run(_ message: ToolboxMessages.CodeRun, in session: SessionRecord) async throws -> ToolboxMessages.CodeRan {
        guard let code = message.code, !code.isEmpty else { throw DaytonaFailure(400, "the code is empty") }
        let interpreter: Interpreter
        switch message.language ?? "python" {
        case "python": interpreter = Interpreter(program: "$(command -v python3 || echo python) -u", textFlag: "-c", inputFlag: "-")
        case "javascript": interpreter = Interpreter(program: "node", textFlag: "-e", inputFlag: "-")
        case "typescript":
            interpreter = Interpreter(
                program: "node --no-warnings --experimental-strip-types --input-type=module-typescript", textFlag: "-e", inputFlag: "-")
        case let other: throw DaytonaFailure(400, "the language '\(other.prefix(40))' is not python, javascript or typescript")
        }
        let (exit, text) = try await run(
            code, with: interpreter, arguments: message.argv ?? [], cwd: nil, environment: message.envs, timeout: message.timeout,
            in: session)
        return ToolboxMessages.CodeRan(exitCode: exit, result: text)
    }

    /// The shell that the service's users get: bash where it exists.
    static let shell = "$(command -v bash || echo /bin/sh)"

    /// What reads a program's text.
    private struct Interpreter {
        /// As a shell writes it.
        var program: String
        /// Before a text that is an argument.
        var textFlag: String
        /// Says that the text comes through standard input.
        var inputFlag: String
    }

    private func run(
        _ text: String, with interpreter: Interpreter, arguments: [String], cwd: String?, environment: [String: String]?, timeout: Int?,
        in session: SessionRecord
    ) async throws -> (Int32, String) {
        guard (0...86_400).contains(timeout ?? 0) else { throw DaytonaFailure(400, "the timeout is 0 to 86400 seconds") }
        for name in (environment ?? [:]).keys where !Self.isVariable(name) {
            throw DaytonaFailure(400, "'\(name.prefix(80))' is not a variable's name")
        }
        let isShort = text.utf8.count <= Self.largestArgument
        let flag = isShort ? interpreter.textFlag : interpreter.inputFlag
        let directory = try cwd.map { try HomePaths.resolve($0, home: DaytonaServer.home) }
        let exec: EngineExec
        do {
            exec = try await services.engine.start(
                session.id,
                ExecRequest(
                    .arguments(
                        ["/bin/sh", "-c", "exec 2>&1; exec \(interpreter.program) \(flag) \"$@\"", "sh"] + (isShort ? [text] : [])
                            + arguments),
                    workingDirectory: directory, environment: environment ?? [:], input: isShort ? .none : .stream,
                    timeout: timeout.flatMap { $0 == 0 ? nil : .seconds($0) }, killGrace: .zero))
        } catch let failure as ExecStartFailure {
            return (-1, failure.message)
        }
        let result = try await exec.collect(input: isShort ? nil : Array(text.utf8), limit: Self.largestOutput)
        var output = result.outputText
        if result.dropped != .zero { output += "\n[\(result.dropped.standardOutput) more bytes were dropped]\n" }
        switch result.outcome {
        case .timedOut:
            throw DaytonaFailure(408, "command execution timeout", code: "PROCESS_EXECUTION_TIMEOUT")
        case .lost(let reason): throw DaytonaFailure(503, "what became of the command is not known: \(reason)")
        default: return (result.outcome.exitStatus, output)
        }
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95 }
    }
}
