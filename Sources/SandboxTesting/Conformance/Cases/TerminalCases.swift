import SandboxCore
import SystemPackage

/// Terminals behave as terminals.
enum TerminalCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("terminal.is-one", "all three descriptors are a terminal", requires: [.terminal]) { c in
            let found = try await run(c, "test -t 0 && test -t 1 && test -t 2 && echo yes")
            try c.expect(found.text.contains("yes"), "yes", found: found.text)
        },
        ConformanceCase("terminal.none", "without a terminal no descriptor is one") { c in
            let found = try await c.shell("test -t 0 || test -t 1 || test -t 2 && echo yes", in: c.makeSandbox())
            try c.expect(found.outputText, equals: "", "the output")
        },
        ConformanceCase("terminal.size", "the terminal has the size asked for", requires: [.terminal]) { c in
            let sandbox = try await c.makeSandbox()
            try await c.need("stty", in: sandbox)
            let found = try await run(c, "stty size", in: sandbox)
            try c.expect(found.text.contains("33 101"), "33 101", found: found.text)
        },
        ConformanceCase("terminal.resize", "a resize arrives as SIGWINCH with the new size", requires: [.terminal]) { c in
            let sandbox = try await c.makeSandbox()
            try await c.need("stty", in: sandbox)
            let exec = try await start("trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.02; done", in: sandbox)
            var reader = EventReader(exec)
            try await reader.read(until: "ready")
            try await exec.resize(TerminalSize(columns: 77, rows: 22))
            try await reader.read(until: "22 77")
            try c.expect(try await reader.readToEnd().outcome, equals: .exited(code: 0), "the outcome")
        },
        ConformanceCase("terminal.echo", "the terminal echoes what is typed", requires: [.terminal]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await start("echo ready; read x; echo \"heard:$x\"", in: sandbox)
            var reader = EventReader(exec)
            try await reader.read(until: "ready")
            try await exec.write(Array("typed\n".utf8))
            try await reader.read(until: "heard:typed")
            _ = try await reader.readToEnd()
            try c.expect(reader.text.contains("typed\r\n"), "the echo 'typed'", found: reader.text)
        },
        ConformanceCase("terminal.interrupt", "control-C interrupts the foreground command", requires: [.terminal]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await start("trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.02; done", in: sandbox)
            var reader = EventReader(exec)
            try await reader.read(until: "ready")
            try await exec.write([3])
            try c.expect(try await reader.readToEnd().outcome, equals: .exited(code: 9), "the outcome")
        },
        ConformanceCase("terminal.end-of-input", "control-D is the end of input", requires: [.terminal]) { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await start("echo ready; cat; echo after; exit 3", in: sandbox)
            var reader = EventReader(exec)
            try await reader.read(until: "ready")
            try await exec.write([4])
            try c.expect(try await reader.readToEnd().outcome, equals: .exited(code: 3), "the outcome")
            try c.expect(reader.text.contains("after"), "'after'", found: reader.text)
        },
        ConformanceCase("terminal.exit-code", "the exit code comes through", requires: [.terminal]) { c in
            try c.expect(try await run(c, "exit 23").outcome, equals: .exited(code: 23), "the outcome")
        },
        ConformanceCase("terminal.merged", "both streams are one, in order, and line ends are those of a terminal", requires: [.terminal]) {
            c in
            let found = try await run(c, "echo a; echo b >&2; echo c")
            try c.expect(found.text, equals: "a\r\nb\r\nc\r\n", "the screen")
        },
        ConformanceCase("terminal.last-words", "what is printed just before the exit is not lost", requires: [.terminal]) { c in
            let sandbox = try await c.makeSandbox()
            for round in 0..<20 {
                let found = try await run(c, "head -c 3000 /dev/zero; echo end\(round)", in: sandbox)
                try c.expect(found.text.hasSuffix("end\(round)\r\n"), "the last words of round \(round)", found: "\(found.text.suffix(20))")
            }
        },
        ConformanceCase("terminal.controlling", "the terminal is the controlling one, so /dev/tty opens", requires: [.terminal]) { c in
            let found = try await run(c, "echo direct >/dev/tty && echo well")
            try c.expect(found.text, equals: "direct\r\nwell\r\n", "the screen")
        },
        ConformanceCase("terminal.resize-without", "resizing a command without a terminal is unsupported") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.arguments(["cat"]), input: .stream))
            try await c.expectError([.unsupported], "the resize") { try await exec.resize(TerminalSize(columns: 80, rows: 24)) }
            try await exec.closeInput()
        },
    ]

    private static func start(_ line: String, in sandbox: any Sandbox) async throws -> any RunningExec {
        try await sandbox.start(
            ExecRequest(.shell(line), input: .stream, terminal: TerminalSize(columns: 101, rows: 33), timeout: .seconds(40)))
    }

    private static func run(
        _ c: ConformanceContext, _ line: String, in given: (any Sandbox)? = nil
    ) async throws -> (text: String, outcome: ExecOutcome) {
        let sandbox: any Sandbox
        if let given { sandbox = given } else { sandbox = try await c.makeSandbox() }
        var reader = EventReader(try await start(line, in: sandbox))
        let ending = try await reader.readToEnd()
        return (reader.text, ending.outcome)
    }
}
