import SandboxCore
import SystemPackage

/// Output arrives whole, in order, while the command runs.
enum StreamCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("streams.separate", "standard output and standard error stay apart") { c in
            let found = try await c.shell("echo out; echo err >&2", in: c.makeSandbox())
            try c.expect([found.outputText, found.errorText], equals: ["out\n", "err\n"], "the streams")
        },
        ConformanceCase("streams.utf8", "UTF-8 arrives unharmed on both streams") { c in
            let found = try await c.shell("printf 'grüße 日本\\n'; printf '👩‍👧\\n' >&2", in: c.makeSandbox())
            try c.expect([found.outputText, found.errorText], equals: ["grüße 日本\n", "👩‍👧\n"], "the streams")
        },
        ConformanceCase("streams.binary", "all 256 byte values arrive unharmed") { c in
            let format = (0...255).map { byte in "\\" + String(byte, radix: 8) }.map {
                "\\" + String(repeating: "0", count: 4 - $0.count) + $0.dropFirst()
            }.joined()
            let sandbox = try await c.makeSandbox()
            let found = try await sandbox.run(ExecRequest(.arguments(["printf", format])))
            try c.expect(found.standardOutput, equals: (0...255).map { UInt8($0) }, "the bytes")
        },
        ConformanceCase("streams.before-exit", "output arrives while the command waits for our answer to it") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("echo ready; read answer; echo \"heard $answer\""), input: .stream))
            var reader = EventReader(exec)
            try await reader.read(until: "ready\n")
            try await exec.write(Array("yes\n".utf8))
            let ending = try await reader.readToEnd()
            try c.expect(reader.text, equals: "ready\nheard yes\n", "the output")
            try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
        },
        ConformanceCase("streams.partial-line", "a prompt without a line end arrives before the command goes on") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("printf 'name? '; read name; printf \"hi $name\""), input: .stream))
            var reader = EventReader(exec)
            try await reader.read(until: "name? ")
            try await exec.write(Array("eve\n".utf8))
            _ = try await reader.readToEnd()
            try c.expect(reader.text, equals: "name? hi eve", "the output")
        },
        ConformanceCase("streams.order", "the lines of one stream keep their order") { c in
            let found = try await c.shell("i=0; while [ $i -lt 500 ]; do echo $i; echo e$i >&2; i=$((i + 1)); done", in: c.makeSandbox())
            try c.expect(found.outputText, equals: (0..<500).map { "\($0)\n" }.joined(), "standard output")
            try c.expect(found.errorText, equals: (0..<500).map { "e\($0)\n" }.joined(), "standard error")
        },
        ConformanceCase("streams.empty", "a silent command has no output and offsets of zero") { c in
            let found = try await c.shell(":", in: c.makeSandbox())
            try c.expect(found.ending.offsets, equals: .zero, "the offsets")
        },
        ConformanceCase("streams.large", "50 MiB of output (5 at a service) arrive, every byte counted") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("head -c \(c.largeVolume) /dev/zero")))
            var count: UInt64 = 0
            for try await event in exec.events {
                switch event {
                case .output(let chunk):
                    try c.expect(chunk.offset, equals: count, "the offset")
                    count += UInt64(chunk.bytes.count)
                case .ended(let ending):
                    try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
                    try c.expect(ending.offsets.standardOutput, equals: UInt64(c.largeVolume), "the ending's offset")
                }
            }
            try c.expect(count, equals: UInt64(c.largeVolume), "the bytes")
        },
        ConformanceCase("streams.large-stderr", "5 MiB of standard error arrive beside silence on standard output") { c in
            let found = try await c.shell("head -c 5242880 /dev/zero >&2", in: c.makeSandbox())
            try c.expect([found.standardOutput.count, found.standardError.count], equals: [0, 5_242_880], "the counts")
        },
        ConformanceCase("streams.long-line", "a line of 4 MiB without an end arrives whole") { c in
            let found = try await c.shell("head -c 4194304 /dev/zero", in: c.makeSandbox())
            try c.expect(found.standardOutput.count, equals: 4_194_304, "the bytes")
        },
        ConformanceCase("streams.slow-reader", "a reader that stops stalls its own command and no other") { c in
            let sandbox = try await c.makeSandbox()
            let stalled = try await sandbox.start(ExecRequest(.shell("head -c 33554432 /dev/zero; echo end >&2")))
            var reader = EventReader(stalled)
            _ = try await reader.step()
            for round in 0..<5 { try c.expect(try await c.output(of: "echo \(round)", in: sandbox), equals: "\(round)", "another command") }
            let listed = try await sandbox.execs().first { $0.id == stalled.id }
            try c.expect(listed?.ending == nil, "the unread command to wait", found: "\(String(describing: listed?.ending))")
            let ending = try await reader.readToEnd()
            try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
            try c.expect(reader.output.count, equals: 33_554_432, "the bytes")
        },
        ConformanceCase("streams.parallel", "five commands at once deliver 500 KiB each, unmixed") { c in
            let sandbox = try await c.makeSandbox()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for letter in ["a", "b", "c", "d", "e"] {
                    group.addTask {
                        let found = try await c.shell("yes \(letter) | head -n 256000", in: sandbox)
                        try c.expect(found.standardOutput.count, equals: 512_000, "the bytes of \(letter)")
                        let own = Array("\(letter)\n".utf8)
                        let isPure = found.standardOutput.indices.allSatisfy { found.standardOutput[$0] == own[$0 % 2] }
                        try c.expect(isPure, "only \(letter)", found: "other bytes too")
                    }
                }
                try await group.waitForAll()
            }
        },
        ConformanceCase("streams.closed-by-command", "a command that closes its output goes on and its outcome is told") { c in
            let found = try await c.shell("echo before; exec >&- 2>&-; exit 9", in: c.makeSandbox())
            try c.expect(found.outcome, equals: .exited(code: 9), "the outcome")
            try c.expect(found.outputText, equals: "before\n", "the output")
        },
        ConformanceCase("streams.events-end", "nothing follows the end, and asking again answers nil") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("echo x")))
            var reader = EventReader(exec)
            _ = try await reader.readToEnd()
            try c.expect(try await reader.step(), equals: false, "more events")
        },
    ]
}
