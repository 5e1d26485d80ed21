import SandboxCore
import SystemPackage

/// The outcome of a command is what the kernel told, and nothing else.
enum ExecCases {
    static let all: [ConformanceCase] =
        codes + [
            ConformanceCase("exec.signal-self-term", "a command that SIGTERMs itself was signaled, not timed out") { c in
                let found = try await c.shell("kill -TERM $$; sleep 5", in: c.makeSandbox()) { $0.timeout = .seconds(30) }
                try c.expect(found.outcome, equals: .signaled(.terminate, coreDumped: false), "the outcome")
            },
            ConformanceCase("exec.signal-kill", "a command killed by SIGKILL was signaled 9") { c in
                let found = try await c.shell("kill -KILL $$; sleep 5", in: c.makeSandbox())
                try c.expect(found.outcome, equals: .signaled(.kill, coreDumped: false), "the outcome")
            },
            ConformanceCase("exec.signal-is-not-128-plus", "a command that exits 143 exited, it was not signaled") { c in
                try c.expect(try await c.shell("exit 143", in: c.makeSandbox()).outcome, equals: .exited(code: 143), "the outcome")
            },
            ConformanceCase("exec.timeout-not-raised-on-fast-death", "a quick death by a signal is not a time-out although one was set") {
                c in
                let found = try await c.shell("kill -KILL $$", in: c.makeSandbox()) { $0.timeout = .seconds(20) }
                try c.expect(found.outcome, equals: .signaled(.kill, coreDumped: false), "the outcome")
            },
            ConformanceCase(
                "exec.not-found", "a program that does not exist is a start failure of kind 127, and not an outcome", needsPrograms: true
            ) { c in
                try await expectStartFailure(c, .arguments(["sandlot-no-such-program"]), .commandNotFound)
                try await expectStartFailure(c, .arguments(["/nowhere/at/all"]), .commandNotFound)
            },
            ConformanceCase("exec.not-executable", "a file without the execute bit is a start failure of kind 126", requires: [.files]) {
                c in
                let sandbox = try await c.makeSandbox()
                try await sandbox.files.write(text: "#!/bin/sh\necho no\n", to: "plain", options: FileWriteOptions(mode: 0o644))
                try await expectStartFailure(c, .arguments(["./plain"]), .commandNotExecutable, in: sandbox)
            },
            ConformanceCase("exec.directory-not-executable", "a directory is a start failure of kind 126") { c in
                let sandbox = try await c.makeSandbox()
                try await expectStartFailure(c, .arguments([sandbox.workspacePath.string]), .commandNotExecutable, in: sandbox)
            },
            ConformanceCase("exec.script", "an executable script runs by its interpreter line", requires: [.files], needsPrograms: true) {
                c in
                let sandbox = try await c.makeSandbox()
                try await sandbox.files.write(text: "#!/bin/sh\necho \"ran $1\"\n", to: "tool", options: FileWriteOptions(mode: 0o755))
                let found = try await sandbox.run(ExecRequest(.arguments(["./tool", "well"])))
                try c.expect(found.outputText, equals: "ran well\n", "the output")
            },
            ConformanceCase(
                "exec.stderr-words-change-nothing", "words such as 'not found' in stderr change no outcome, and the command runs once"
            ) { c in
                let sandbox = try await c.makeSandbox()
                let found = try await c.shell(
                    "echo once >>runs; echo 'sh: notfound: command not found; container is not running; timed out' >&2; exit 1", in: sandbox
                )
                try c.expect(found.outcome, equals: .exited(code: 1), "the outcome")
                try c.expect(try await c.output(of: "cat runs", in: sandbox), equals: "once", "the runs")
            },
            ConformanceCase("exec.runs-once", "a command runs exactly once, however it ends") { c in
                let sandbox = try await c.makeSandbox()
                for line in ["exit 0", "exit 126", "exit 127", "kill -KILL $$", "exit 255"] {
                    _ = try await c.shell("echo run >>runs; \(line)", in: sandbox)
                }
                try c.expect(try await c.output(of: "wc -l <runs", in: sandbox).filter { $0 != " " }, equals: "5", "the number of runs")
            },
            ConformanceCase("exec.duplicate-id", "an id that was used is refused with already_exists, and nothing runs again") { c in
                let sandbox = try await c.makeSandbox()
                let request = ExecRequest(.shell("echo run >>runs"))
                _ = try await sandbox.run(request)
                try await c.expectError([.alreadyExists], "the second start") { _ = try await sandbox.start(request) }
                try c.expect(try await c.output(of: "wc -l <runs", in: sandbox).filter { $0 != " " }, equals: "1", "the number of runs")
            },
            ConformanceCase("exec.duplicate-id-while-running", "an id that runs is refused too, and the first run is untouched") { c in
                let sandbox = try await c.makeSandbox()
                let request = ExecRequest(.shell("read x; echo \"got $x\""), input: .stream)
                let exec = try await sandbox.start(request)
                try await c.expectError([.alreadyExists], "the second start") { _ = try await sandbox.start(request) }
                try await exec.write(Array("word\n".utf8))
                var reader = EventReader(exec)
                let ending = try await reader.readToEnd()
                try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
                try c.expect(reader.text, equals: "got word\n", "the output")
            },
            ConformanceCase("exec.empty-command", "an empty argument vector is refused and starts nothing") { c in
                let sandbox = try await c.makeSandbox()
                try await c.expectError([.invalidArgument], "an empty vector") {
                    do { _ = try await sandbox.start(ExecRequest(.arguments([]))) } catch let failure as ExecStartFailure {
                        throw SandboxError(.invalidArgument, "\(failure)")
                    }
                }
            },
            ConformanceCase("exec.process-id", "a running command's process id is positive, and different ones differ") { c in
                let sandbox = try await c.makeSandbox()
                let first = try await sandbox.start(ExecRequest(.arguments(["cat"]), input: .stream))
                let second = try await sandbox.start(ExecRequest(.arguments(["cat"]), input: .stream))
                let found = [first.processID, second.processID].compactMap { $0 }
                for exec in [first, second] { try await exec.closeInput() }
                try c.expect(found.allSatisfy { $0 > 0 } && Set(found).count == found.count, "two different ids", found: "\(found)")
            },
            ConformanceCase("exec.offsets-at-end", "the ending's offsets count every byte of each stream") { c in
                let found = try await c.shell("printf 12345; printf 123 >&2", in: c.makeSandbox())
                try c.expect(found.ending.offsets, equals: OutputOffsets(standardOutput: 5, standardError: 3), "the offsets")
            },
            ConformanceCase("exec.listed", "a running exec is listed without an ending, an ended one with it") { c in
                let sandbox = try await c.makeSandbox()
                let request = ExecRequest(.arguments(["cat"]), input: .stream)
                let exec = try await sandbox.start(request)
                let running = try await sandbox.execs().first { $0.id == request.id }
                try c.expect(running != nil && running?.ending == nil, "the exec, running", found: "\(String(describing: running))")
                try await exec.closeInput()
                var reader = EventReader(exec)
                let ending = try await reader.readToEnd()
                let ended = try await sandbox.execs().first { $0.id == request.id }
                try c.expect(ended?.ending?.outcome, equals: ending.outcome, "the listed outcome")
            },
        ]

    private static let codes: [ConformanceCase] = [0, 1, 2, 42, 70, 126, 127, 128, 255].map { code in
        ConformanceCase("exec.exit-\(code)", "a command that exits \(code) has the outcome exited(\(code))") { c in
            try c.expect(try await c.shell("exit \(code)", in: c.makeSandbox()).outcome, equals: .exited(code: Int32(code)), "the outcome")
        }
    }

    private static func expectStartFailure(
        _ c: ConformanceContext, _ command: ExecRequest.Command, _ reason: ExecStartFailure.Reason, in given: (any Sandbox)? = nil
    ) async throws {
        let sandbox: any Sandbox
        if let given { sandbox = given } else { sandbox = try await c.makeSandbox() }
        do { _ = try await sandbox.start(ExecRequest(command)) } catch let failure as ExecStartFailure {
            return try c.expect(failure.reason, equals: reason, "the reason")
        } catch { throw ConformanceFailure(expected: "a start failure \(reason)", found: "\(type(of: error)): \(error)") }
        throw ConformanceFailure(expected: "a start failure \(reason)", found: "a running command")
    }
}
