import SandboxCore
import SystemPackage

/// Where a command runs.
enum DirectoryCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("directory.default", "without a directory a command runs in the workspace") { c in
            let sandbox = try await c.makeSandbox()
            try c.expect(try await c.output(of: "pwd", in: sandbox), equals: sandbox.workspacePath.string, "the directory")
        },
        ConformanceCase("directory.relative", "a relative directory means one below the workspace") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.output(of: "mkdir -p 'a dir/b'", in: sandbox)
            let found = try await c.output(of: "pwd", in: sandbox) { $0.workingDirectory = "a dir/b" }
            try c.expect(found, equals: sandbox.workspacePath.appending("a dir/b").string, "the directory")
        },
        ConformanceCase("directory.absolute", "an absolute directory is taken as it is") { c in
            let found = try await c.output(of: "pwd", in: c.makeSandbox()) { $0.workingDirectory = "/tmp" }
            try c.expect(found == "/tmp" || found.hasSuffix("/tmp"), "/tmp", found: found)
        },
        ConformanceCase("directory.workspace", "/workspace means the workspace, wherever it is, for commands and files alike") { c in
            let sandbox = try await c.makeSandbox()
            try await sandbox.files.write(text: "x", to: "/workspace/sub/f", options: FileWriteOptions(createsParents: true))
            let found = try await c.output(of: "pwd; cat f", in: sandbox) { $0.workingDirectory = "/workspace/sub" }
            try c.expect(found, equals: sandbox.workspacePath.appending("sub").string + "\nx", "the directory and its file")
            let root = try await c.output(of: "pwd", in: sandbox) { $0.workingDirectory = "/workspace" }
            try c.expect(root, equals: sandbox.workspacePath.string, "the directory")
            let names = try await sandbox.files.list("/workspace", after: nil, limit: 10).entries.map(\.path.string)
            try c.expect(names, equals: ["sub"], "the names")
        },
        ConformanceCase("directory.parent", "'..' leads where it leads inside the sandbox") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.output(of: "mkdir one two", in: sandbox)
            let found = try await c.output(of: "pwd", in: sandbox) { $0.workingDirectory = "one/../two" }
            try c.expect(found, equals: sandbox.workspacePath.appending("two").string, "the directory")
        },
        ConformanceCase("directory.missing", "a directory that does not exist is an error, and nothing runs", needsPrograms: true) { c in
            let sandbox = try await c.makeSandbox()
            try await refuses(c, sandbox, "no/such/dir")
        },
        ConformanceCase("directory.is-file", "a file is no working directory") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.output(of: ": >plain", in: sandbox)
            try await refuses(c, sandbox, "plain")
        },
        ConformanceCase("directory.not-kept", "a command's own cd does not last") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.shell("cd /", in: sandbox)
            try c.expect(try await c.output(of: "pwd", in: sandbox), equals: sandbox.workspacePath.string, "the directory")
        },
        ConformanceCase("directory.shared", "what one command writes in the workspace the next one reads") { c in
            let sandbox = try await c.makeSandbox()
            _ = try await c.output(of: "echo kept >note", in: sandbox)
            try c.expect(try await c.output(of: "cat note", in: sandbox), equals: "kept", "the note")
        },
    ]

    private static func refuses(_ c: ConformanceContext, _ sandbox: any Sandbox, _ directory: FilePath) async throws {
        var request = ExecRequest(.shell("echo ran >\(sandbox.workspacePath)/ran"))
        request.workingDirectory = directory
        do {
            let found = try await sandbox.run(request)
            throw ConformanceFailure(expected: "an error", found: "\(found.outcome)")
        } catch let error as SandboxError {
            try c.expect([.notFound, .invalidArgument].contains(error.code), "not_found or invalid_argument", found: "\(error)")
        } catch is FileRefusal {}
        try c.expect(try await c.shell("test -e ran", in: sandbox).outcome, equals: .exited(code: 1), "the test for a run")
    }
}
