import SandboxCore
import SystemPackage

/// Time limits, cancelling, and what a command leaves behind.
enum EndingCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("timeout.outcome", "a command past its time limit has the outcome timedOut") { c in
            let found = try await c.shell("sleep 60", in: c.makeSandbox()) { $0.timeout = .milliseconds(300) }
            try c.expect(found.outcome, equals: .timedOut, "the outcome")
        },
        ConformanceCase("timeout.partial-output", "what was printed before the time limit is kept") { c in
            let found = try await c.shell("echo early; echo warn >&2; sleep 60", in: c.makeSandbox()) { $0.timeout = .milliseconds(700) }
            try c.expect(found.outcome, equals: .timedOut, "the outcome")
            try c.expect([found.outputText, found.errorText], equals: ["early\n", "warn\n"], "the streams")
        },
        ConformanceCase("timeout.not-reached", "a command within its time limit is untouched") { c in
            let found = try await c.shell("echo well; exit 4", in: c.makeSandbox()) { $0.timeout = .seconds(40) }
            try c.expect(found.outcome, equals: .exited(code: 4), "the outcome")
        },
        ConformanceCase("timeout.kills-children", "a time-out kills the command's children") { c in
            try await kills(c, by: "sh -c 'MARK' & sleep 60; wait", needs: nil)
        },
        ConformanceCase("timeout.kills-orphans", "a time-out kills children whose parent has ended") { c in
            try await kills(c, by: "sh -c 'sh -c \"MARK\" & :' & sleep 60", needs: nil)
        },
        ConformanceCase("timeout.kills-daemons", "a time-out kills processes in a session of their own") { c in
            try await kills(c, by: "setsid sh -c 'MARK' </dev/null >/dev/null 2>&1 & sleep 60", needs: "setsid")
        },
        ConformanceCase("timeout.kills-double-forked", "a time-out kills daemons that forked twice and left the session") { c in
            try await kills(c, by: "(setsid sh -c 'sh -c \"MARK\" & :' </dev/null >/dev/null 2>&1 &); sleep 60", needs: "setsid")
        },
        ConformanceCase("timeout.ignores-term", "a command that ignores SIGTERM is killed after the grace") { c in
            let found = try await c.shell("trap '' TERM; echo armed; while :; do sleep 0.05; done", in: c.makeSandbox()) {
                $0.timeout = .milliseconds(500)
                $0.killGrace = .milliseconds(200)
            }
            try c.expect(found.outcome, equals: .timedOut, "the outcome")
            try c.expect(found.outputText, equals: "armed\n", "the output")
        },
        ConformanceCase("timeout.grace-is-used", "SIGTERM comes first, and a command may use the grace to say goodbye") { c in
            let found = try await c.shell("trap 'echo bye; exit 0' TERM; echo armed; while :; do sleep 0.05; done", in: c.makeSandbox()) {
                $0.timeout = .milliseconds(500)
                $0.killGrace = .seconds(20)
            }
            try c.expect(found.outcome, equals: .timedOut, "the outcome")
            try c.expect(found.outputText, equals: "armed\nbye\n", "the output")
        },
        ConformanceCase("timeout.sandbox-lives", "after a time-out the sandbox runs the next command") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.shell("sleep 60", in: sandbox) { $0.timeout = .milliseconds(200) }
            try c.expect(try await c.output(of: "echo next", in: sandbox), equals: "next", "the next output")
        },
        ConformanceCase("cancel.outcome", "a cancelled command has the outcome cancelled and keeps its output") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("echo begun; sleep 60")))
            var reader = EventReader(exec)
            try await reader.read(until: "begun\n")
            try await exec.cancel()
            try c.expect(try await reader.readToEnd().outcome, equals: .cancelled, "the outcome")
            try c.expect(reader.text, equals: "begun\n", "the output")
        },
        ConformanceCase("cancel.kills-tree", "cancelling kills children, and SIGKILL follows where SIGTERM is ignored") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(
                ExecRequest(
                    .shell("trap '' TERM; sh -c '\(heartbeat)' & echo begun; while :; do sleep 0.05; done"), killGrace: .milliseconds(200)))
            var reader = EventReader(exec)
            try await reader.read(until: "begun\n")
            try await beats(c, in: sandbox)
            try await exec.cancel()
            try c.expect(try await reader.readToEnd().outcome, equals: .cancelled, "the outcome")
            try await isStill(c, in: sandbox)
        },
        ConformanceCase("cancel.after-end", "cancelling what has ended changes nothing") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("exit 5")))
            var reader = EventReader(exec)
            _ = try await reader.readToEnd()
            try await exec.cancel()
            try c.expect(reader.ending?.outcome, equals: .exited(code: 5), "the outcome")
            let listed = try await sandbox.execs().first { $0.id == exec.id }
            try c.expect(listed?.ending?.outcome ?? .exited(code: 5), equals: .exited(code: 5), "the listed outcome")
        },
        ConformanceCase("cancel.task", "cancelling the task that runs a command kills the command") { c in
            let sandbox = try await c.makeSandbox()
            let running = Task { try await c.shell("\(heartbeat)", in: sandbox) { $0.killGrace = .milliseconds(200) } }
            try await beats(c, in: sandbox)
            running.cancel()
            _ = await running.result
            try await isStill(c, in: sandbox, settles: true)
        },
        ConformanceCase(
            "background.holds-output", "a child that holds the output open does not hang the command, and what was printed is there"
        ) { c in
            let found = try await c.shell("echo first; sleep 45 & echo second; exit 6", in: c.makeSandbox()) { $0.timeout = .seconds(30) }
            try c.expect(found.outcome, equals: .exited(code: 6), "the outcome")
            try c.expect(found.outputText, equals: "first\nsecond\n", "the output")
        },
        ConformanceCase("background.drain", "what a child prints within the drain grace belongs to the output") { c in
            let found = try await c.shell("(sleep 0.2; echo late) & echo early", in: c.makeSandbox()) { $0.drainGrace = .seconds(20) }
            try c.expect(found.outputText, equals: "early\nlate\n", "the output")
        },
        ConformanceCase("background.survivors-keep", "with survivors kept a background process goes on, and is counted") { c in
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell("sh -c '\(heartbeat)' >/dev/null 2>&1 & echo $!", in: sandbox) { $0.survivors = .keep }
            try c.expect(found.outcome, equals: .exited(code: 0), "the outcome")
            try c.expect(found.ending.survivors >= 1, "at least one survivor", found: "\(found.ending.survivors)")
            try await beats(c, in: sandbox)
        },
        ConformanceCase("background.survivors-kill", "with survivors killed nothing goes on after the command's end") { c in
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell("sh -c '\(heartbeat)' >/dev/null 2>&1 & while [ ! -e beat ]; do sleep 0.02; done", in: sandbox) {
                $0.survivors = .kill
            }
            try c.expect(found.outcome, equals: .exited(code: 0), "the outcome")
            try c.expect(found.ending.survivors, equals: 0, "the survivors")
            try await isStill(c, in: sandbox)
        },
    ]

    /// Grows the file `beat` until it is killed.
    private static let heartbeat = "while :; do echo x >>beat; sleep 0.02; done"

    private static func beats(_ c: ConformanceContext, in sandbox: any Sandbox) async throws {
        _ = try await c.output(
            of: "while [ ! -s beat ]; do sleep 0.02; done; a=$(wc -c <beat); while [ $(wc -c <beat) -le $a ]; do sleep 0.02; done",
            in: sandbox
        ) {
            $0.timeout = .seconds(20)
        }
    }

    /// Looks twice, with fifteen beats' time in between. `settles` gives a kill that is not awaited the time to come.
    private static func isStill(_ c: ConformanceContext, in sandbox: any Sandbox, settles: Bool = false) async throws {
        let pause = settles ? "sleep 2; " : ""
        let found = try await c.output(
            of: "\(pause)a=$(wc -c <beat); sleep 0.3; b=$(wc -c <beat); test $a -eq $b && echo still", in: sandbox)
        try c.expect(found, equals: "still", "the heartbeat")
    }

    private static func kills(_ c: ConformanceContext, by line: String, needs program: String?) async throws {
        let sandbox = try await c.makeSandbox()
        if let program { try await c.need(program, in: sandbox) }
        // A script of its own, so that the line's quotes stay simple.
        _ = try await c.output(of: "printf '%s\\n' '#!/bin/sh' '\(heartbeat)' >heart; chmod 755 heart", in: sandbox)
        let parts = line.split(separator: "MARK", maxSplits: 1, omittingEmptySubsequences: false)
        let found = try await c.shell(parts.joined(separator: "./heart"), in: sandbox) {
            $0.timeout = .seconds(2)
            $0.killGrace = .milliseconds(200)
        }
        try c.expect(found.outcome, equals: .timedOut, "the outcome")
        let beaten = try await c.shell("test -s beat", in: sandbox)
        try c.expect(beaten.outcome, equals: .exited(code: 0), "a process that ran before")
        try await isStill(c, in: sandbox)
    }
}
