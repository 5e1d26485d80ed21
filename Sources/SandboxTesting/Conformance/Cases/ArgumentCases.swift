import SandboxCore
import SystemPackage

/// Arguments arrive byte for byte.
enum ArgumentCases {
    static let all: [ConformanceCase] = [
        exact("spaces", ["a b", "  leading", "trailing  "]),
        exact("quotes", ["it's", "\"double\"", "`back`", "\\", "a\\nb"]),
        exact("newlines", ["one\ntwo", "\n", "\t"]),
        exact("empty", ["", "x", ""]),
        exact("shell-special", ["$HOME", "$(echo no)", ";", "&&", "|", ">", "*", "?", "[a]", "~", "#", "!", "{a,b}"]),
        exact("unicode", ["grüße", "日本語", "👩‍👩‍👧", "e\u{301}"]),
        exact("dashes", ["-n", "--", "-e", "--help"]),
        ConformanceCase("arguments.large", "16 arguments of 64 KiB arrive whole") { c in
            let big = String(repeating: "0123456789abcdef", count: 4096)
            let sandbox = try await c.makeSandbox()
            let found = try await sandbox.run(
                ExecRequest(
                    .arguments(
                        ["/bin/sh", "-c", "n=0; for a in \"$@\"; do n=$((n + ${#a})); done; echo $# $n", "sh"]
                            + Array(repeating: big, count: 16))))
            try c.expect(found.outputText, equals: "16 1048576\n", "count and length")
        },
        ConformanceCase("arguments.too-large", "an argument list that the system cannot take is an error, and no outcome") { c in
            let sandbox = try await c.makeSandbox()
            if c.backend.descriptor.capabilities.contains(.processIsolation),
                try await c.shell("test -r /proc/self/status", in: sandbox).outcome != .exited(code: 0)
            {
                throw ConformanceSkip("the sandbox has no limit to arguments")
            }
            let big = String(repeating: "x", count: 1 << 20)
            do {
                let found = try await sandbox.run(ExecRequest(.arguments(["/bin/true"] + Array(repeating: big, count: 32))))
                throw ConformanceFailure(expected: "a refusal of 32 MiB of arguments", found: "\(found.outcome)")
            } catch let failure as ConformanceFailure { throw failure } catch is SandboxError {} catch is ExecStartFailure {}
            try c.expect(try await c.output(of: "echo well", in: sandbox), equals: "well", "the next command's output")
        },
        ConformanceCase("arguments.nul", "an argument with a NUL byte is refused, not cut", needsPrograms: true) { c in
            let sandbox = try await c.makeSandbox()
            try await c.expectError([.invalidArgument], "a NUL byte") {
                _ = try await sandbox.start(ExecRequest(.arguments(["echo", "a\0b"])))
            }
        },
        ConformanceCase("arguments.shell-line", "a shell line is one argument of sh, with its pipes and quotes") { c in
            let found = try await c.shell("printf '%s\\n' 'a b' \"c d\" | cat", in: c.makeSandbox())
            try c.expect(found.outputText, equals: "a b\nc d\n", "the output")
        },
    ]

    private static func exact(_ name: String, _ arguments: [String]) -> ConformanceCase {
        ConformanceCase("arguments.\(name)", "arguments with \(name) arrive byte for byte") { c in
            let sandbox = try await c.makeSandbox()
            let found = try await sandbox.run(ExecRequest(.arguments(["/bin/sh", "-c", "printf '[%s]' \"$@\"", "sh"] + arguments)))
            try c.expect(found.outputText, equals: arguments.map { "[\($0)]" }.joined(), "the arguments")
        }
    }
}
