import CommandTesting
import Foundation
import SandboxCore
import SandboxEngine
import Sandlot
import SystemPackage
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(
    "kill -9 during push and pull", .serialized,
    .enabled(if: BuiltCommand.location != nil, "the sandlot executable is not next to the tests"))
struct KillNineSyncTests {
    private static let files = 120

    /// Both sides edit files of their own again and again while pushes and pulls are killed at random. Every file holds whole lines with a rising
    /// number: one that is half written, or goes back, has lost something.
    @Test("nothing is lost and nothing is half written", .timeLimit(.minutes(10)), arguments: [UInt64(20_261_123)])
    func survives(seed: UInt64) async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-kill-sync-\(getpid())-\(seed)")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let project = root.appending("project")
        try FileManager.default.createDirectory(atPath: project.appending("host").string, withIntermediateDirectories: true)
        let command = BuiltCommand(path: try #require(BuiltCommand.location), dataDirectory: root.appending("data").string)
        let options = SandlotOptions(dataDirectory: root.appending("data"))
        for file in 0..<Self.files { try write(0, project.appending("host/\(file)")) }
        let opened = try command.run(["session", "open", "--name", "steady", "--sync", project.string])
        try #require(opened.status == 0, "\(opened.output)")

        var random = SeededGenerator(state: seed)
        var killed = 0
        for round in 1...25 {
            for file in 0..<Self.files where random.next() % 3 == 0 { try write(round, project.appending("host/\(file)")) }
            let script =
                "mkdir -p inside; for f in $(seq 0 \(Self.files)); do if [ $(( (f + \(round)) % 3 )) -eq 0 ]; then "
                + "{ for i in $(seq 1 300); do echo \(round); done; } > .t; mv .t inside/$f; fi; done; rm -f .t"
            let inside = try command.run(["session", "exec", "steady", "--", "sh", "-c", script])
            #expect(inside.status == 0, "round \(round): \(inside.output)")
            let process = try command.start(["session", random.next() % 2 == 0 ? "push" : "pull", "steady"])
            usleep(UInt32(random.next() % 250_000))
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                killed += 1
            }
            process.waitUntilExit()
            for side in ["host", "inside"] { try check(project.appending(side), atMost: round, "round \(round)") }
        }
        #expect(killed >= 8, "too few rounds were killed in time: \(killed)")

        // What is left to do is done by one pull and one push, and then both sides are the same.
        let pulled = try command.run(["session", "pull", "--json", "steady"])
        #expect(pulled.status == 0, "\(pulled.output)")
        let pushed = try command.run(["session", "push", "--json", "steady"])
        #expect(pushed.status == 0, "\(pushed.output)")
        let difference = try command.run(["session", "diff", "steady"])
        #expect(difference.output.isEmpty, "\(difference.output)")
        try await Sandlot.withEngine(options) { engine in
            let session = try await engine.session("steady")
            #expect(try await engine.conflicts(of: session.id).isEmpty)
            for file in 0..<Self.files {
                let path = "host/\(file)"
                let outside = FileManager.default.contents(atPath: project.appending(path).string)
                let within = try await engine.files(in: session.id).readAll(FilePath(path))
                #expect(outside.map(Array.init) == within, "\(path) differs")
            }
            try await engine.close(session.id, force: true)
        }
        let left = FileManager.default.enumerator(atPath: project.string)?.allObjects.compactMap { $0 as? String } ?? []
        #expect(!left.contains { $0.contains(".sandlot") }, "\(left.filter { $0.contains(".sandlot") })")
    }

    private func write(_ round: Int, _ path: FilePath) throws {
        let text = String(repeating: "\(round)\n", count: 300)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path.string), options: .atomic)
    }

    /// Every file below a folder has 300 equal lines.
    private func check(_ folder: FilePath, atMost round: Int, _ label: String) throws {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [] {
            let text = try String(contentsOfFile: folder.appending(name).string, encoding: .utf8)
            let lines = text.split(separator: "\n")
            #expect(lines.count == 300 && Set(lines).count == 1, "\(label): \(folder)/\(name) is half written")
            #expect(lines.first.flatMap { Int($0) }.map { $0 <= round } == true, "\(label): \(folder)/\(name)")
        }
    }
}
