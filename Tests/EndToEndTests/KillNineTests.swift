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

/// A generator that gives the same numbers for the same seed, so that a failure can be looked at again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Processes whose command line holds a text, zombies left out.
func processes(holding text: String) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
        return String(decoding: bytes, as: UTF8.self).contains(text)
    }
}

@Suite("kill -9 at any point", .serialized, .enabled(if: BuiltCommand.location != nil, "the sandlot executable is not next to the tests"))
struct KillNineTests {
    /// Runs the command line, kills it after a random delay, and asks a fresh engine what became of everything; again and again.
    @Test("nothing leaks, no session is lost, and no outcome is false", arguments: [UInt64(20_261_123)])
    func survivesKillNine(seed: UInt64) async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-kill-\(getpid())-\(seed)")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let command = BuiltCommand(path: try #require(BuiltCommand.location), dataDirectory: root.appending("data").string)
        let options = SandlotOptions(dataDirectory: root.appending("data"))
        try FileManager.default.createDirectory(atPath: root.string, withIntermediateDirectories: true)
        let workspace = root.appending("workspace")
        try FileManager.default.createDirectory(atPath: workspace.string, withIntermediateDirectories: true)
        let marks = workspace.appending("marks")

        var random = SeededGenerator(state: seed)
        let opened = try command.run(["session", "open", "--name", "steady", "--workspace", workspace.string])
        try #require(opened.status == 0, "\(opened.output)")

        var sandboxes: Set<String> = []
        var killed = 0
        for round in 0..<60 {
            let mark = "mark-\(round)-\(random.next() % 1_000_000)"
            let script = "echo \(mark) >> /workspace/marks; echo out; exit 3"
            let arguments: [String]
            switch random.next() % 5 {
            case 0: arguments = ["session", "open", "--name", "short-\(round)"]
            case 1: arguments = ["run", "--workspace", workspace.string, "--", "sh", "-c", script]
            case 2: arguments = ["session", "rm", "short-\(max(0, round - 1))"]
            default: arguments = ["session", "exec", "steady", "--", "sh", "-c", script]
            }
            let process = try command.start(arguments)
            usleep(UInt32(random.next() % 60_000))
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                killed += 1
            }
            process.waitUntilExit()

            try await Sandlot.withEngine(options) { engine in
                _ = try await engine.reconcile()
                let steady = try await engine.session("steady")
                #expect(steady.state == .ready, "round \(round), \(arguments): \(steady.failure ?? "")")
                for session in try await engine.sessions(includingClosed: true) {
                    if let sandbox = session.sandbox { sandboxes.insert(sandbox.rawValue) }
                }
                let written = (try? String(contentsOfFile: marks.string, encoding: .utf8)) ?? ""
                let lines = written.split(separator: "\n").map(String.init)
                #expect(Set(lines).count == lines.count, "a command ran twice: \(lines)")
                for exec in try await engine.execs(in: steady.id) {
                    let ended = exec.isOver ? exec : try await engine.wait(for: exec.id)
                    guard let outcome = ended.ending?.outcome else { continue }
                    if case .lost = outcome { continue }
                    #expect(outcome == .exited(code: 3), "round \(round): \(ended)")
                    guard case .arguments(let words) = ended.command, let line = words.last else { continue }
                    let text = line.dropFirst("echo ".count).prefix { $0 != " " }
                    #expect(lines.contains(String(text)), "\(text) is said to have run and left no mark")
                }
            }
        }
        #expect(killed >= 30, "too few rounds were killed in time: \(killed)")

        // The steady session still works, and a clean end leaves nothing at all.
        let alive = try command.run(["session", "exec", "steady", "--", "sh", "-c", "echo alive"])
        #expect(alive.status == 0 && alive.output.contains("alive"), "\(alive.output)")
        try await Sandlot.withEngine(options) { engine in
            for session in try await engine.sessions() { try await engine.close(session.id, force: true) }
            _ = try await engine.reconcile()
        }
        let deadline = ContinuousClock.now + .seconds(20)
        var left: [String] = []
        repeat {
            left = sandboxes.filter { !processes(holding: $0).isEmpty }
            if left.isEmpty { break }
            try await Task.sleep(for: .milliseconds(20))
        } while ContinuousClock.now < deadline
        #expect(left.isEmpty, "processes of these sandboxes are left: \(left)")
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: root.appending("data/sandboxes").string)) ?? []
        #expect(folders.isEmpty, "\(folders)")
    }
}
