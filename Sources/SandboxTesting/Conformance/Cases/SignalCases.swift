import SandboxCore
import SystemPackage

/// Signals reach whom they are sent to.
enum SignalCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("signal.leader", "a signal to the command is seen by it") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(
                ExecRequest(.shell("trap 'echo caught; exit 8' USR1; echo ready; while :; do sleep 0.02; done")))
            var reader = EventReader(exec)
            try await reader.read(until: "ready\n")
            try await exec.signal(ExecSignal(parsing: "USR1"))
            try c.expect(try await reader.readToEnd().outcome, equals: .exited(code: 8), "the outcome")
            try c.expect(reader.text, equals: "ready\ncaught\n", "the output")
        },
        ConformanceCase("signal.uncaught", "an uncaught signal is the outcome, and not cancelled") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.arguments(["sleep", "60"])))
            try await exec.signal(.hangUp)
            var reader = EventReader(exec)
            try c.expect(try await reader.readToEnd().outcome, equals: .signaled(.hangUp, coreDumped: false), "the outcome")
        },
        ConformanceCase("signal.by-id", "an exec is signaled by its id") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.arguments(["sleep", "60"])))
            try await sandbox.signal(exec.id, .kill, wholeTree: false)
            var reader = EventReader(exec)
            try c.expect(try await reader.readToEnd().outcome, equals: .signaled(.kill, coreDumped: false), "the outcome")
        },
        ConformanceCase("signal.tree", "a signal to the whole tree reaches the children") { c in
            let sandbox = try await c.makeSandbox()
            let child = "trap \"echo child >>caught; exit 0\" USR1; : >ready; while :; do sleep 0.02; done"
            let exec = try await sandbox.start(ExecRequest(.shell("trap 'echo parent >>caught' USR1; sh -c '\(child)' & wait; wait")))
            _ = try await c.output(of: "while [ ! -e ready ]; do sleep 0.02; done", in: sandbox) { $0.timeout = .seconds(20) }
            try await sandbox.signal(exec.id, ExecSignal(parsing: "USR1"), wholeTree: true)
            _ = try await c.output(of: "while [ $(sort caught | wc -l) -lt 2 ]; do sleep 0.02; done", in: sandbox) {
                $0.timeout = .seconds(20)
            }
            try c.expect(try await c.output(of: "sort caught", in: sandbox), equals: "child\nparent", "who caught it")
        },
        ConformanceCase("signal.unknown", "a signal to an id that never ran is not_found") { c in
            let sandbox = try await c.makeSandbox()
            try await c.expectError([.notFound], "the signal") { try await sandbox.signal(.random(), .terminate, wholeTree: true) }
        },
    ]
}
