import SandboxCore
import SystemPackage

/// A limit is enforced, and the sandbox survives who runs into it.
enum LimitCases {
    static let all: [ConformanceCase] = [
        ConformanceCase(
            "limits.memory", "a memory hog is stopped at the limit, and the sandbox runs the next command", requires: [.memoryLimit]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.limits.memory = 256 << 20 })
            // tail keeps its input in memory until the first line end, which never comes.
            let found = try await c.shell("head -c 1073741824 /dev/zero | tail | wc -c", in: sandbox) { $0.timeout = .seconds(40) }
            try c.expect(found.outputText.filter(\.isNumber) != "1073741824", "less than 1 GiB held", found: "all of it")
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output")
        },
        ConformanceCase(
            "limits.memory-told", "that the kernel killed for want of memory is told, and only then", requires: [.memoryLimit]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.limits.memory = 256 << 20 })
            let first = try await c.shell("kill -KILL $$", in: sandbox)
            guard let before = first.ending.memoryKills else { throw ConformanceSkip("nobody counts memory kills here") }
            try c.expect(before, equals: 0, "the memory kills while a command killed itself")
            let hog = try await c.shell("exec tail /dev/zero", in: sandbox) { $0.timeout = .seconds(40) }
            try c.expect(hog.outcome, equals: .signaled(.kill, coreDumped: false), "the hog's outcome")
            try c.expect(hog.ending.memoryExceeded, equals: true, "that memory was exceeded")
            let last = try await c.shell("true", in: sandbox)
            try c.expect(last.ending.memoryKills, equals: 0, "the memory kills while the next command ran")
        },
        ConformanceCase("limits.memory-within", "what fits into the memory limit runs", requires: [.memoryLimit]) { c in
            let sandbox = try await c.makeSandbox({ $0.limits.memory = 256 << 20 })
            let found = try await c.shell("head -c 33554432 /dev/zero | tail | wc -c", in: sandbox)
            try c.expect(found.outputText.filter(\.isNumber), equals: "33554432", "the bytes held")
        },
        ConformanceCase(
            "limits.processes", "no more processes than the limit run at once, and the sandbox runs the next command",
            requires: [.processLimit]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.limits.processes = 40 })
            let found = try await c.shell(
                "i=0; while [ $i -lt 120 ]; do sleep 20 & i=$((i + 1)); done 2>/dev/null; set -- $(ls -d /proc/[0-9]* 2>/dev/null); echo $#",
                in: sandbox
            ) {
                $0.timeout = .seconds(20)
                $0.survivors = .kill
            }
            let count = Int(found.outputText.filter(\.isNumber)) ?? 0
            if c.claims(.processIsolation) { try c.expect(count <= 60, "at most 60 processes", found: "\(count)") }
            try c.expect(
                found.outcome != .exited(code: 0) || count <= 60, "a shell that was refused processes",
                found: "\(found.outcome), \(count) processes")
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output")
        },
        ConformanceCase("limits.fork-bomb", "a fork bomb is contained, ended, and leaves the sandbox usable", requires: [.processLimit]) {
            c in
            let sandbox = try await c.makeSandbox({ $0.limits.processes = 60 })
            let neighbour = try await c.makeSandbox()
            let bomb = try await sandbox.start(
                ExecRequest(.shell("b() { b | b & b; }; b"), timeout: .seconds(4), killGrace: .milliseconds(300), survivors: .kill))
            for _ in 0..<3 { try c.expect(try await c.output(of: "echo well", in: neighbour), equals: "well", "the neighbour's output") }
            for try await _ in bomb.events {}
            try c.expect(try await c.output(of: "echo alive", in: sandbox), equals: "alive", "the next output")
        },
        ConformanceCase(
            "limits.processors", "a processor limit slows a spinning command, which still ends by its time limit",
            requires: [.processorLimit]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.limits.processors = 0.2 })
            let found = try await c.shell("while :; do :; done", in: sandbox) { $0.timeout = .seconds(3) }
            try c.expect(found.outcome, equals: .timedOut, "the outcome")
            if let used = found.ending.processorTime, let took = found.ending.duration {
                try c.expect(used < took * 0.6, "less than 0.6 of the time on a processor", found: "\(used) of \(took)")
            }
        },
        ConformanceCase(
            "limits.disk", "a disk filler is stopped at the limit, and the sandbox runs the next command", requires: [.diskLimit]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.limits.disk = 32 << 20 })
            let found = try await c.shell("head -c 134217728 /dev/zero >fill; wc -c <fill", in: sandbox)
            let size = Int(found.outputText.filter(\.isNumber)) ?? 0
            try c.expect(size <= 40 << 20, "at most 40 MiB", found: "\(size)")
            try c.expect(try await c.output(of: "rm -f fill; echo alive", in: sandbox), equals: "alive", "the next output")
        },
        ConformanceCase("limits.impossible", "limits of zero are refused, and make nothing") { c in
            let edits: [@Sendable (inout SandboxSpec) -> Void] = [
                { $0.limits.memory = 0 }, { $0.limits.processes = 0 }, { $0.limits.processors = 0 },
            ]
            for edit in edits {
                try await c.expectError([.invalidArgument, .unsupported], "a limit of zero") { _ = try await c.makeSandbox(edit) }
            }
            try c.expect(try await c.backend.list(owner: c.owner).count, equals: 0, "the listed sandboxes")
        },
    ]
}
