import SandboxCore
import SystemPackage

/// Commands as another user.
enum UserCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("users.by-number", "a command runs as the user and group asked for by number", requires: [.users]) { c in
            let sandbox = try await c.makeSandbox()
            let own = try await c.output(of: "id -u", in: sandbox)
            let wanted = own == "0" ? "1234:1235" : own
            let found = try await c.output(of: "echo $(id -u):$(id -g)", in: sandbox) { $0.user = wanted }
            try c.expect(found.hasPrefix(wanted), wanted, found: found)
        },
        ConformanceCase("users.by-name", "a command runs as the user asked for by name", requires: [.users]) { c in
            let sandbox = try await c.makeSandbox()
            let name = try await c.shell("id -un", in: sandbox)
            guard name.outcome.isSuccess else { throw ConformanceSkip("the sandbox' own user has no name") }
            let own = name.outputText.filter { $0 != "\n" }
            try c.expect(try await c.output(of: "id -un", in: sandbox) { $0.user = own }, equals: own, "the user")
        },
        ConformanceCase("users.unknown", "a user that does not exist is an error, and nothing runs", requires: [.users]) { c in
            let sandbox = try await c.makeSandbox()
            try await c.expectError([.invalidArgument, .notFound], "an unknown user") {
                _ = try await sandbox.run(ExecRequest(.shell("echo ran >ran"), user: "no-such-user-here"))
            }
            try c.expect(try await c.shell("test -e ran", in: sandbox).outcome, equals: .exited(code: 1), "the test for a run")
        },
    ]
}
