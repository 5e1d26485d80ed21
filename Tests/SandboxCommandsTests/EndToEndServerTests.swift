import CommandTesting
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `sandlot serve` over TLS with a certificate of its own, and what a client's environment says of it.
private struct Served {
    let sandlot: BuiltSandlot
    let address: String
    let environment: [String: String]

    static func with(_ body: (Served) throws -> Void) throws {
        try BuiltSandlot.with { sandlot in
            let (certificate, key) = ("\(sandlot.directory.path)/certificate.pem", "\(sandlot.directory.path)/key.pem")
            let made = try BuiltSandlot(path: "/usr/bin/openssl", directory: sandlot.directory).run(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
            try #require(made.status == 0, "\(made.error)")
            let pipe = try TestPipe()
            let server = try StartedCommand(
                sandlot.path, ["serve", "--port", "0", "--tls-certificate", certificate, "--tls-key", key],
                environment: sandlot.variables(), output: pipe.writing)
            pipe.closeWriting()
            defer {
                kill(server.processIdentifier, SIGTERM)
                server.waitUntilExit()
                close(pipe.reading)
            }
            let address = String(decoding: pipe.read(), as: UTF8.self).trimmingCharacters(in: .newlines)
            try #require(address.hasPrefix("https://127.0.0.1:"), "\(address)")
            // What is not said of the server would be looked for in a data directory that has nothing.
            try body(
                Served(
                    sandlot: sandlot, address: address,
                    environment: [
                        "SANDLOT_DATA_DIRECTORY": sandlot.directory.appending(path: "nothing").path, "SANDLOT_SERVER_CA": certificate,
                        "SANDLOT_TOKEN_FILE": sandlot.directory.appending(path: "data/token").path,
                    ]))
        }
    }

    func run(_ arguments: String..., input: Data? = nil, environment more: [String: String?] = [:]) throws -> BuiltSandlot.Result {
        var environment = environment
        for (name, value) in more { environment[name] = value }
        return try sandlot.run(["--server", address] + arguments, input: input, environment: environment)
    }
}

@Suite(
    "Commands at a server", .enabled(if: BuiltSandlot.canRun, "the executable or a backend is missing"),
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "openssl is missing"), .timeLimit(.minutes(5)))
struct EndToEndServerTests {
    @Test func commandsSessionsAndFilesWorkOverTLSAsTheyDoHere() throws {
        try Served.with { served in
            let here = served.sandlot.directory
            let run = try served.run("run", "--", "sh", "-c", "cat; echo err >&2; exit 3", input: Data("in".utf8))
            #expect(run.status == 3 && run.text == "in" && run.error == "err\n", "\(run.error)")
            #expect(try served.run("run", "--", "no-such-program").status == 127)
            #expect(try served.run("run", "--timeout", "1s", "--", "sleep", "60").status == 124)
            #expect(try served.run("session", "open", "--name", "work").line.hasPrefix("ses-"))
            #expect(try served.run("session", "list", "--quiet").text.split(separator: "\n").count == 1)
            try Data("text".utf8).write(to: here.appending(path: "file"))
            #expect(try served.run("session", "cp", here.appending(path: "file").path, "work:copied").status == 0)
            #expect(try served.run("session", "exec", "work", "cat", "copied").text == "text")
            #expect(try served.run("session", "cp", "work:copied", here.appending(path: "back").path).status == 0)
            #expect(try Data(contentsOf: here.appending(path: "back")) == Data("text".utf8))
            let exec = try served.run("session", "exec", "-d", "work", "sleep", "300.0418")
            #expect(exec.status == 0 && exec.line.hasPrefix("exe-"))
            let shown = try #require(try served.run("session", "show", "work", "--json").json() as? [String: Any])
            #expect(shown["state"] as? String == "ready")
            #expect(try served.run("session", "rm", "work").status == 125)
            #expect(try served.run("session", "rm", "--force", "work").status == 0)
            #expect(try served.run("session", "list", "--quiet").text == "")
            #expect(!FileManager.default.fileExists(atPath: here.appending(path: "nothing").path))
        }
    }

    @Test func aWorkspaceIsCarriedOverAndItsConflictsAreSettledAtTheServer() throws {
        try Served.with { served in
            let project = served.sandlot.directory.appending(path: "project")
            try FileManager.default.createDirectory(at: project, withIntermediateDirectories: true)
            try Data("before\n".utf8).write(to: project.appending(path: "both"))
            // The session is opened on the server's machine, whose directory it is.
            #expect(try served.sandlot.run("session", "open", "--name", "copied", "--sync", project.path).status == 0)
            #expect(try served.run("session", "exec", "copied", "--", "sh", "-c", "echo inside > both; echo new > made").status == 0)
            try Data("outside\n".utf8).write(to: project.appending(path: "both"))
            #expect(try served.run("session", "diff", "copied").text.contains("A made"))
            let preview = try served.run("session", "pull", "--dry-run", "copied")
            #expect(preview.status == 1 && preview.error.contains("would be pulled"), "\(preview.error)")
            #expect(!FileManager.default.fileExists(atPath: project.appending(path: "made").path))
            #expect(try served.run("session", "pull", "copied").status == 1)
            #expect(try Data(contentsOf: project.appending(path: "made")) == Data("new\n".utf8))
            #expect(try served.run("session", "conflicts", "list", "copied").text.contains("both"))
            #expect(try served.run("session", "conflicts", "show", "copied", "both", "--side", "sandbox").text == "inside\n")
            #expect(try served.run("session", "conflicts", "show", "copied", "both", "--side", "host").text == "outside\n")
            #expect(try served.run("session", "conflicts", "show", "copied", "both", "--side", "base").status == 125)
            #expect(try served.run("session", "conflicts", "take-sandbox", "copied", "both").status == 0)
            #expect(try Data(contentsOf: project.appending(path: "both")) == Data("inside\n".utf8))
            #expect(try served.run("session", "conflicts", "take-host", "copied", "both").status == 125)
            #expect(try served.run("session", "push", "copied").status == 0)
            #expect(try served.run("session", "show", "copied").text.contains("pulled"))
            #expect(try served.run("session", "rm", "copied").status == 0)
        }
    }

    @Test func aDirectoryHereIsKeptInStepWithASandboxThere() throws {
        try Served.with { served in
            let project = served.sandlot.directory.appending(path: "here")
            func read(_ name: String) -> String? {
                (try? Data(contentsOf: project.appending(path: name))).map { String(decoding: $0, as: UTF8.self) }
            }
            try FileManager.default.createDirectory(at: project.appending(path: "deep"), withIntermediateDirectories: true)
            try Data("before\n".utf8).write(to: project.appending(path: "both"))
            try Data("kept\n".utf8).write(to: project.appending(path: "deep/file"))
            let refused = try served.run("session", "open", "--sync", project.path, "--sync-after-exec")
            #expect(refused.status == 125 && refused.error.contains("session pull"), "\(refused.error)")
            let opened = try served.run("session", "open", "--name", "far", "--sync", project.path, "--sync-merge")
            #expect(opened.status == 0, "\(opened.error)")
            #expect(try served.run("session", "exec", "far", "--", "cat", "deep/file", "both").text == "kept\nbefore\n")
            #expect(
                try served.run("session", "exec", "far", "--", "sh", "-c", "echo inside >both; echo new >made; rm deep/file").status == 0)
            #expect(try served.run("session", "diff", "far").text.contains("A made"))
            try Data("outside\n".utf8).write(to: project.appending(path: "both"))
            let preview = try served.run("session", "pull", "--dry-run", "far")
            #expect(preview.status == 1 && read("made") == nil, "\(preview.error)")
            #expect(try served.run("session", "pull", "far").status == 1)
            #expect(read("made") == "new\n" && read("deep/file") == nil && read("both") == "outside\n")
            #expect(try served.run("session", "conflicts", "show", "far", "both", "--side", "sandbox").text == "inside\n")
            #expect(try served.run("session", "conflicts", "show", "far", "both", "--side", "base").text == "before\n")
            #expect(try served.run("session", "conflicts", "take-host", "far", "both").status == 0)
            #expect(try served.run("session", "push", "far").status == 0)
            #expect(try served.run("session", "exec", "far", "--", "cat", "both").text == "outside\n")
            #expect(try served.run("session", "show", "far").text.contains("pulled"))
            // The server's own command knows of no directory: it is not that machine's.
            #expect(try served.sandlot.run("session", "pull", "far").status == 125)
            // What nobody pulled comes out when the session ends.
            #expect(try served.run("session", "exec", "far", "--", "sh", "-c", "echo last >last").status == 0)
            let removed = try served.run("session", "rm", "--force", "far")
            #expect(removed.status == 0 && read("last") == "last\n", "\(removed.error)")
            // A command's own session does the same.
            let run = try served.run("run", "--sync", project.path, "--", "sh", "-c", "cat last; echo ran >ran")
            #expect(run.status == 0 && run.text == "last\n" && read("ran") == "ran\n", "\(run.error)")
            let left = try FileManager.default.subpathsOfDirectory(atPath: served.environment["SANDLOT_DATA_DIRECTORY"] ?? "")
            #expect(!left.contains { $0.hasSuffix("note.json") }, "\(left)")
        }
    }

    @Test func whoIsNotTrustedOrNotLetInIsToldSo() throws {
        try Served.with { served in
            let stranger = try served.run("session", "list", environment: ["SANDLOT_SERVER_CA": nil])
            #expect(stranger.status == 125, "\(stranger.text)")
            let nobody = try served.run("session", "list", environment: ["SANDLOT_TOKEN_FILE": nil])
            #expect(nobody.status == 125 && nobody.error.contains("SANDLOT_TOKEN_FILE"))
            let wrong = try served.run("session", "list", environment: ["SANDLOT_TOKEN": "sandlot_tok-x_y"])
            #expect(wrong.status == 125 && wrong.error.contains("token"))
            #expect(!wrong.error.contains("sandlot_tok-x_y"))
        }
    }

    @Test func whatCannotWorkAtAServerSaysSo() throws {
        try BuiltSandlot.with { sandlot in
            let server = ["--server", "http://127.0.0.1:9"]
            let token = ["SANDLOT_TOKEN": "unused"]
            for command in [["ps"], ["image", "list"], ["session", "logs", "work"], ["reap"], ["doctor"]] {
                let refused = try sandlot.run(server + command, environment: token)
                #expect(refused.status == 125 && refused.error.contains("this machine only"), "\(command): \(refused.error)")
            }
            for options in [["--workspace", "."], ["-v", "/tmp:/data"], ["--image", "/srv/root"]] {
                let refused = try sandlot.run(server + ["run"] + options + ["--", "true"], environment: token)
                #expect(refused.status == 125 && refused.error.contains("directories of this machine"), "\(options): \(refused.error)")
            }
            let misplaced = try sandlot.run("run", "--server", "http://127.0.0.1:9", "--", "true")
            #expect(misplaced.status == 125 && misplaced.error.contains("sandlot --server URL COMMAND"), "\(misplaced.error)")
            let ours = try sandlot.run(server + ["run", "--set", "network=none", "--", "true"], environment: token)
            #expect(ours.status == 125 && ours.error.contains("about this machine"))
            let away = try sandlot.run(server + ["session", "list"], environment: token)
            #expect(away.status == 125 && away.error.contains("127.0.0.1:9"))
            // The environment's server is not asked about this machine.
            #expect(try sandlot.run("version", environment: ["SANDLOT_SERVER": "http://127.0.0.1:9"]).status == 0)
            #expect(try sandlot.run("ps", environment: ["SANDLOT_SERVER": "http://127.0.0.1:9"]).status == 125)
        }
    }
}
