import CommandTesting
import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What a reboot of the machine, or somebody's kill, does to sandboxes: all their processes are gone, their files are not.
@Suite(
    "A sandbox that died", .timeLimit(.minutes(2)),
    .enabled(if: BuiltCommand.location != nil, "the sandlot executable is not next to the tests"))
struct RevivingTests {
    private let root = FilePath(NSTemporaryDirectory()).appending("sandlot-revive-\(getpid())-\(UInt32.random(in: 0 ... .max))")

    private func command() throws -> BuiltCommand {
        BuiltCommand(path: try #require(BuiltCommand.location), dataDirectory: root.appending("data").string)
    }

    /// Kills every process of the session's sandbox and waits for their end.
    @discardableResult
    private func killAll(_ command: BuiltCommand, _ session: String) async throws -> String {
        let shown = try JSONSerialization.jsonObject(with: Data(try command.run(["session", "show", "--json", session]).output.utf8))
        let sandbox = try #require((shown as? [String: Any])?["sandbox"] as? String)
        try #require(!processes(holding: sandbox).isEmpty)
        while case let living = processes(holding: sandbox), !living.isEmpty {
            for pid in living { kill(pid, SIGKILL) }
            try await Task.sleep(for: .milliseconds(10))
        }
        return sandbox
    }

    @Test(
        "runs again over its files with the next command; what ran in it is lost and told so, and its work comes back to the host",
        arguments: ["bubblewrap", "restricted-host"])
    func revives(backend: String) async throws {
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let command = try command()
        let project = root.appending("project")
        try FileManager.default.createDirectory(atPath: project.string, withIntermediateDirectories: true)
        try #require(try command.run(["session", "open", "--name", "work", "-b", backend, "--sync", project.string]).status == 0)
        #expect(try command.run(["session", "exec", "work", "--", "sh", "-c", "echo kept > inside"]).status == 0)
        let started = try command.run(["session", "exec", "--detach", "work", "--", "sleep", "1000"])
        let exec = started.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try await killAll(command, "work")

        let read = try command.run(["session", "exec", "work", "--", "cat", "inside"])
        #expect(read.status == 0 && read.output.contains("kept"), "\(read.output)")
        let waited = try command.run(["wait", exec])
        #expect(waited.status == 125 && waited.output.contains("died"), "\(waited.status) \(waited.output)")
        let events = try command.run(["events", "--json"]).output
        #expect(events.contains("sandbox.revived"), "\(events)")

        try await killAll(command, "work")
        let closed = try command.run(["session", "rm", "work"])
        #expect(closed.status == 0, "\(closed.output)")
        #expect(try String(contentsOfFile: project.appending("inside").string, encoding: .utf8) == "kept\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.appending("data/sandboxes").string).isEmpty)
    }

    @Test("is gone for good when its files are gone, and another one is not put in its place in silence")
    func goneForGood() async throws {
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let command = try command()
        try #require(try command.run(["session", "open", "--name", "work", "-b", "bubblewrap"]).status == 0)
        let sandbox = try await killAll(command, "work")
        // Where the user that root's sandboxes run as cannot reach the data directory, files lie apart from it.
        let places = [root.appending("data/sandboxes").string, "/var/lib/sandlot-sandboxes"].map { "\($0)/\(sandbox)/workspace" }
        let workspace = try #require(places.first { FileManager.default.fileExists(atPath: $0) })
        try FileManager.default.removeItem(atPath: workspace)
        let refused = try command.run(["session", "exec", "work", "--", "true"])
        #expect(refused.status == 125 && refused.output.contains("gone"), "\(refused.output)")
    }
}
