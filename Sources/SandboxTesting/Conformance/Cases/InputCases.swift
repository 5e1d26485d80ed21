import SandboxCore
import SystemPackage

/// Standard input arrives whole, and its end is seen.
enum InputCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("input.text", "text reaches the command") { c in
            let found = try await c.shell("cat", in: c.makeSandbox(), input: Array("line one\nline two\n".utf8))
            try c.expect(found.outputText, equals: "line one\nline two\n", "the echo")
        },
        ConformanceCase("input.shell-special", "input is never read by a shell") { c in
            let text = "$(touch hacked) `id` ; rm -rf . ' \" \\ \n"
            let found = try await c.shell("cat; ls", in: c.makeSandbox(), input: Array(text.utf8))
            try c.expect(found.outputText, equals: text, "the echo and an empty directory")
        },
        ConformanceCase("input.binary", "all byte values, NUL included, reach the command") { c in
            let bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 * 7) }
            let found = try await c.shell("cat", in: c.makeSandbox(), input: bytes)
            try c.expect(found.standardOutput, equals: bytes, "the echo")
        },
        ConformanceCase("input.none", "without input the command reads an end at once") { c in
            let found = try await c.shell("cat; echo done", in: c.makeSandbox()) { $0.timeout = .seconds(20) }
            try c.expect(found.outputText, equals: "done\n", "the output")
        },
        ConformanceCase("input.empty", "streamed input that is closed at once is an end") { c in
            let found = try await c.shell("cat; echo done", in: c.makeSandbox()) {
                $0.input = .stream
                $0.timeout = .seconds(20)
            }
            try c.expect(found.outputText, equals: "done\n", "the output")
        },
        ConformanceCase("input.large", "50 MiB (5 at a service) go through a command and come back unharmed") { c in
            let sandbox = try await c.makeSandbox()
            let block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let exec = try await sandbox.start(ExecRequest(.arguments(["cat"]), input: .stream))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<(c.largeVolume / block.count) { try await exec.write(block) }
                    try await exec.closeInput()
                }
                var check = RepeatedBlock(block)
                for try await event in exec.events {
                    switch event {
                    case .output(let chunk):
                        try c.expect(check.accepts(chunk.bytes), "the block again and again", found: "another byte near \(chunk.offset)")
                    case .ended(let ending): try c.expect(ending.outcome, equals: .exited(code: 0), "the outcome")
                    }
                }
                try c.expect(check.count, equals: c.largeVolume, "the bytes")
                try await group.waitForAll()
            }
        },
        ConformanceCase("input.unread", "input that a command never reads does not stop it from ending") { c in
            let sandbox = try await c.makeSandbox()
            let found = try await c.shell("exit 3", in: sandbox, input: [UInt8](repeating: 65, count: 4 << 20))
            try c.expect(found.outcome, equals: .exited(code: 3), "the outcome")
        },
        ConformanceCase("input.back-pressure", "writing waits while the command does not read, and goes on when it does") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("while [ ! -e go ]; do sleep 0.02; done; wc -c"), input: .stream))
            let size = 16 << 20
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await exec.write([UInt8](repeating: 1, count: size))
                    try await exec.closeInput()
                }
                _ = try await c.output(of: ": >go", in: sandbox)
                var reader = EventReader(exec)
                _ = try await reader.readToEnd()
                try c.expect(reader.text.filter(\.isNumber), equals: "\(size)", "the count")
                try await group.waitForAll()
            }
        },
        ConformanceCase("input.interactive", "three questions and answers go back and forth") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(
                ExecRequest(.shell("for i in 1 2 3; do echo \"q$i\"; read a; echo \"a$i=$a\"; done"), input: .stream))
            var reader = EventReader(exec)
            for round in 1...3 {
                try await reader.read(until: "q\(round)\n")
                try await exec.write(Array("x\(round)\n".utf8))
            }
            _ = try await reader.readToEnd()
            try c.expect(reader.text, equals: "q1\na1=x1\nq2\na2=x2\nq3\na3=x3\n", "the talk")
        },
        ConformanceCase("input.not-asked-for", "writing to a command without input is an error") { c in
            let sandbox = try await c.makeSandbox()
            let exec = try await sandbox.start(ExecRequest(.shell("sleep 30")))
            defer { _ = exec }
            try await c.expectError([.invalidArgument, .unsupported, .conflict], "the write") { try await exec.write([65]) }
            try await exec.cancel()
        },
    ]
}
