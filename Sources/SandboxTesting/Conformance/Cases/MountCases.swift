import SandboxCore
import SystemPackage

/// Directories of the host inside.
enum MountCases {
    static let all: [ConformanceCase] = [
        ConformanceCase("mounts.workspace", "a mounted workspace is the host's directory, both ways", requires: [.mountedWorkspace]) { c in
            try await withFolder(c) { host in
                let sandbox = try await c.makeSandbox({ $0.workspace = .mounted(host, readOnly: false) })
                try c.expect(try await c.output(of: "cat note; echo inside >made", in: sandbox), equals: "outside", "the note")
                try c.expect(HostScratch.read(host.appending("made")), equals: "inside\n", "the file that was made inside")
                try await sandbox.destroy()
                try c.expect(HostScratch.read(host.appending("note")), equals: "outside\n", "the note after destruction")
            }
        },
        ConformanceCase("mounts.workspace-read-only", "a read-only workspace can be read and not written", requires: [.mountedWorkspace]) {
            c in
            try await withFolder(c) { host in
                let sandbox = try await c.makeSandbox({ $0.workspace = .mounted(host, readOnly: true) })
                try c.expect(
                    try await c.output(of: "cat note; ( : >made ) 2>/dev/null || echo refused", in: sandbox), equals: "outside\nrefused",
                    "the output")
                try c.expect(HostScratch.exists(host.appending("made")), equals: false, "the file on the host")
                if c.claims(.files) {
                    do {
                        try await sandbox.files.write(text: "x", to: "made")
                        throw ConformanceFailure(expected: "a refusal of the file call", found: "none")
                    } catch is FileRefusal {}
                }
            }
        },
        ConformanceCase(
            "mounts.missing-source", "a source that does not exist is refused, and makes nothing", requires: [.mountedWorkspace]
        ) { c in
            let missing = c.hostScratch.appending("missing-\(c.owner)")
            try await c.expectError([.invalidArgument, .notFound], "the creation") {
                _ = try await c.makeSandbox({ $0.workspace = .mounted(missing, readOnly: false) })
            }
            try c.expect(HostScratch.exists(missing), equals: false, "the source afterwards")
            try c.expect(try await c.backend.list(owner: c.owner).count, equals: 0, "the listed sandboxes")
        },
        ConformanceCase(
            "mounts.workspace-path", "the workspace is at the place that was asked for, and commands and files start there",
            requires: [.workspacePath]
        ) { c in
            let sandbox = try await c.makeSandbox({ $0.workspacePath = "/home/user" })
            try c.expect(sandbox.workspacePath, equals: "/home/user", "the sandbox' workspace path")
            try await sandbox.files.write(Array("found".utf8), to: "note", options: FileWriteOptions())
            let found = try await c.output(of: "pwd; cat /home/user/note; echo made >/home/user/made; cat made", in: sandbox)
            try c.expect(found, equals: "/home/user\nfoundmade", "the output")
        },
        ConformanceCase("mounts.extra", "an extra mount is seen at its target, and read-only where asked for", requires: [.extraMounts]) {
            c in
            try await withFolder(c) { host in
                let sandbox = try await c.makeSandbox({ $0.mounts = [Mount(source: host, target: "/mnt", readOnly: true)] })
                let found = try await c.output(of: "cat /mnt/note; ( : >/mnt/made ) 2>/dev/null || echo refused", in: sandbox)
                try c.expect(found, equals: "outside\nrefused", "the output")
            }
        },
        ConformanceCase(
            "mounts.link-out", "a link in the workspace that leads to the host's files leads nowhere inside",
            requires: [.mountedWorkspace, .privateFileSystem]
        ) { c in
            try await withFolder(c) { host in
                let secret = c.hostScratch.appending("secret-\(c.owner)")
                try HostScratch.write("sentinel\n", to: secret)
                defer { HostScratch.removeFile(secret) }
                let sandbox = try await c.makeSandbox({ $0.workspace = .mounted(host, readOnly: false) })
                let found = try await c.shell("ln -s '\(secret)' made; cat made", in: sandbox)
                try c.expect(found.outputText, equals: "", "what the link shows")
            }
        },
    ]

    private static func withFolder(_ c: ConformanceContext, _ body: (FilePath) async throws -> Void) async throws {
        let host = try HostScratch.makeDirectory(in: c.hostScratch)
        HostScratch.openToAll(host)
        defer {
            for name in ["note", "made"] { HostScratch.removeFile(host.appending(name)) }
            HostScratch.removeDirectory(host)
        }
        try HostScratch.write("outside\n", to: host.appending("note"))
        try await body(host)
    }
}
