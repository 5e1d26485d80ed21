import SandboxCore
import SystemPackage

/// A command sees what it was given and nothing of the host.
enum EnvironmentCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("environment.set", "a variable of the request reaches the command") { c in
            let found = try await c.output(of: "printf %s \"$GREETING\"", in: c.makeSandbox()) {
                $0.environment = ["GREETING": "hello world"]
            }
            try c.expect(found, equals: "hello world", "the value")
        },
        ConformanceCase("environment.sandbox", "a variable of the sandbox reaches every command, and the request's own wins") { c in
            let sandbox = try await c.makeSandbox({ $0.environment = ["BOTH": "sandbox", "ONE": "1"] })
            let found = try await c.output(of: "echo $ONE $BOTH", in: sandbox) { $0.environment = ["BOTH": "request"] }
            try c.expect(found, equals: "1 request", "the values")
            try c.expect(try await c.output(of: "echo $BOTH", in: sandbox), equals: "sandbox", "the next command's value")
        },
        ConformanceCase("environment.time-zone", "every command is in the sandbox's time zone") { c in
            let sandbox = try await c.makeSandbox({ $0.timeZone = "Asia/Tokyo" })
            try c.expect(try await c.output(of: "echo $TZ", in: sandbox), equals: "Asia/Tokyo", "the variable")
            let found = try await c.shell("test -e /usr/share/zoneinfo/Asia/Tokyo && date -d @0 +%H:%M", in: sandbox)
            guard found.outcome == .exited(code: 0) else { throw ConformanceSkip("neither the host nor the image has a zone database") }
            try c.expect(found.outputText.filter { $0 != "\n" }, equals: "09:00", "the time of day at the epoch")
        },
        ConformanceCase("environment.empty-value", "an empty value is set, not missing") { c in
            let found = try await c.output(of: "echo \"${E+set}[$E]\"", in: c.makeSandbox()) { $0.environment = ["E": ""] }
            try c.expect(found, equals: "set[]", "the value")
        },
        ConformanceCase("environment.special-values", "values with quotes, dollars, line ends and unicode arrive exactly") { c in
            let value = "a'b\"c$HOME`d`\n\\n=ü"
            let found = try await c.shell("printf %s \"$V\"", in: c.makeSandbox()) { $0.environment = ["V": value] }
            try c.expect(found.outputText, equals: value, "the value")
        },
        ConformanceCase(
            "environment.weird-names", "names that are empty or hold '=' or NUL are refused, and nothing runs", needsPrograms: true
        ) { c in
            let sandbox = try await c.makeSandbox()
            for name in ["", "A=B", "A\0B"] {
                try await c.expectError([.invalidArgument], "the name '\(name)'") {
                    _ = try await sandbox.run(ExecRequest(.shell("echo run >>runs"), environment: [name: "x"]))
                }
            }
            try c.expect(try await c.output(of: "ls", in: sandbox), equals: "", "the files")
        },
        ConformanceCase("environment.no-leak", "nothing of the host's environment leaks in") { c in
            guard let text = HostScratch.read("/proc/self/environ") else { throw ConformanceSkip("the host shows no environment") }
            let usual: Set<String> = [
                "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TERM", "PWD", "SHLVL", "_", "OLDPWD", "TZ", "HOSTNAME",
                "TMPDIR",
            ]
            let host = text.split(separator: "\0").map(String.init).filter { line in
                !usual.contains(String(line.prefix { $0 != "=" })) && line.contains("=")
            }
            let found = try await c.output(of: "env", in: c.makeSandbox()).split(separator: "\n").map(String.init)
            let leaked = found.filter { line in host.contains { $0.split(separator: "\n").first.map(String.init) == line } }
            // Names only: a leaked value may be a secret.
            try c.expect(leaked.isEmpty, "nothing of the host", found: leaked.map { $0.prefix { $0 != "=" } }.joined(separator: ", "))
        },
        ConformanceCase("environment.path-and-home", "PATH and HOME are set, and HOME is a directory that can be written") { c in
            let found = try await c.output(
                of: "test -n \"$PATH\" && test -d \"$HOME\" && : >\"$HOME/probe\" && echo well", in: c.makeSandbox())
            try c.expect(found, equals: "well", "the answer")
        },
        ConformanceCase("environment.not-kept", "what one command exports, the next does not see") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.shell("export KEPT=1; cd /", in: sandbox)
            try c.expect(try await c.output(of: "echo \"[$KEPT]\"", in: sandbox), equals: "[]", "the variable")
        },
    ]
}
