import CommandTesting
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What `Scripts/start-engines` says of the engine that it started.
private enum StartedEngine {
    static let socket = ProcessInfo.processInfo.environment["SANDLOT_TEST_DOCKER_SOCKET"]
    static let image = ProcessInfo.processInfo.environment["SANDLOT_TEST_IMAGE"]
}

/// Run by `Scripts/test-containers`, which starts the engine.
@Suite(
    "Switching between bubblewrap and Docker",
    .enabled(if: BuiltCommand.location != nil, "the sandlot executable is not next to the tests"),
    .enabled(if: StartedEngine.socket != nil && StartedEngine.image != nil, "Scripts/test-containers starts the engine for it"),
    .timeLimit(.minutes(5)))
struct SwitchingTests {
    /// A data directory whose sandboxes are gone afterwards, and a directory of the host.
    private func withCommand(_ body: ((String...) throws -> String, URL) throws -> Void) throws {
        let root = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "sandlot-switch-\(getpid())-\(UInt32.random(in: 0...9999))")
        let project = root.appending(path: "project")
        try FileManager.default.createDirectory(at: project, withIntermediateDirectories: true)
        let command = BuiltCommand(path: try #require(BuiltCommand.location), dataDirectory: root.appending(path: "data").path)
        let environment = ["DOCKER_HOST": "unix://\(try #require(StartedEngine.socket))"]
        defer {
            _ = try? command.run(["session", "rm", "--force", "--discard", "mover"], environment: environment)
            try? FileManager.default.removeItem(at: root)
        }
        func run(_ arguments: String...) throws -> String {
            let result = try command.run(arguments, environment: environment)
            try #require(result.status == 0, "\(arguments): \(result.output)")
            return result.output
        }
        _ = try run("image", "set-default", try #require(StartedEngine.image), "--backend", "docker")
        try body(run, project)
    }

    private func backend(_ shown: String) throws -> String? {
        (try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any])?["backend"] as? String
    }

    /// Of all that a workspace may hold: bytes, modes, links, empty folders, names that are no text.
    private static let filling = """
        mkdir -p deep/er empty && head -c 300000 /dev/urandom >deep/er/bytes && echo 'exit 7' >script && chmod 750 script \
        && ln -s deep/er/bytes link && printf x >"$(printf 'bytes-\\377')"
        """
    private static let told = """
        find . -type f -exec stat -c '%n %a %s' {} + | sort; find . -type d -exec stat -c '%n %a' {} + | sort; readlink link; sha256sum link | cut -c 1-64; sh script; echo "script $?"
        """

    @Test("a live session takes its files to Docker and back")
    func files() throws {
        try withCommand { run, _ in
            _ = try run("session", "open", "--name", "mover", "--backend", "bubblewrap")
            _ = try run("session", "exec", "mover", "--", "sh", "-c", Self.filling)
            let before = try run("session", "exec", "mover", "--", "sh", "-c", Self.told)
            #expect(before.contains("script 7") && before.contains("750 7"), "\(before)")
            _ = try run("session", "set", "mover", "--backend", "docker")
            #expect(try backend(try run("session", "show", "mover", "--json")) == "docker")
            #expect(try run("session", "exec", "mover", "--", "sh", "-c", Self.told) == before)
            _ = try run("session", "exec", "mover", "--", "sh", "-c", "echo there >made && rm -r empty")
            _ = try run("session", "set", "mover", "--backend", "bubblewrap")
            #expect(try backend(try run("session", "show", "mover", "--json")) == "bubblewrap")
            #expect(
                try run("session", "exec", "mover", "--", "sh", "-c", "cat made; ls -d empty 2>/dev/null || echo gone") == "there\ngone\n")
            let digest = try run("session", "exec", "mover", "--", "sha256sum", "deep/er/bytes").prefix(64)
            #expect(before.contains(digest))
        }
    }

    @Test("what was synced before a switch is still known after it")
    func synced() throws {
        try withCommand { run, project in
            for name in ["one", "two"] { try Data("\(name)\n".utf8).write(to: project.appending(path: name)) }
            _ = try run("session", "open", "--name", "mover", "--backend", "bubblewrap", "--sync", project.path)
            _ = try run("session", "exec", "mover", "--", "sh", "-c", "echo here >one")
            _ = try run("session", "set", "mover", "--backend", "docker")
            _ = try run("session", "exec", "mover", "--", "sh", "-c", "echo there >made")
            try Data("outside\n".utf8).write(to: project.appending(path: "two"))
            _ = try run("session", "pull", "mover")
            _ = try run("session", "push", "mover")
            #expect(try String(contentsOf: project.appending(path: "one"), encoding: .utf8) == "here\n")
            #expect(try String(contentsOf: project.appending(path: "made"), encoding: .utf8) == "there\n")
            #expect(try run("session", "exec", "mover", "--", "cat", "two") == "outside\n")
            #expect(try run("session", "diff", "mover") == "")
        }
    }
}
