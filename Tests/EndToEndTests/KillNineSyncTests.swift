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
    "kill -9 during push, pull and switch", .serialized,
    .enabled(if: BuiltCommand.location != nil, "the sandlot executable is not next to the tests"))
struct KillNineSyncTests {
    private static let files = 120
    /// More by CHAOS_ROUNDS (no SANDLOT_ before it: those are settings, and an unknown one is refused).
    private static let rounds = ProcessInfo.processInfo.environment["CHAOS_ROUNDS"].flatMap { Int($0) } ?? 20

    /// Both sides edit files of their own again and again while pushes, pulls and switches are killed at random, or the guests under them, or both at
    /// once. Every file holds whole lines with a rising number: one that is half written, or goes back, has lost something.
    @Test("nothing is lost and nothing is half written", .timeLimit(.minutes(60)), arguments: [UInt64(20_261_123)])
    func survives(seed: UInt64) async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("sandlot-kill-sync-\(getpid())-\(seed)")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let project = root.appending("project")
        try FileManager.default.createDirectory(atPath: project.appending("host").string, withIntermediateDirectories: true)
        let command = BuiltCommand(path: try #require(BuiltCommand.location), dataDirectory: root.appending("data").string)
        let options = SandlotOptions(dataDirectory: root.appending("data"))
        var chaos = Chaos(command: command, project: project, random: SeededGenerator(state: seed), backends: try backends(command))
        for file in 0..<Self.files { try chaos.write(0, "host/\(file)") }
        try chaos.open()
        for round in 1...Self.rounds {
            try chaos.edit(round)
            try chaos.disturb()
            try chaos.check(round)
        }
        #expect(chaos.kills.total >= Self.rounds / 4, "too few rounds were killed in time: \(chaos.kills)")
        print("kill -9 in \(Self.rounds) rounds of push, pull and switch: \(chaos.kills)")

        // What is left to do is done by one pull and one push, and then both sides are the same.
        try chaos.comesBack()
        for verb in ["pull", "push"] {
            let result = try command.run(["session", verb, "--json", "steady"])
            #expect(result.status == 0, "\(result.output)")
        }
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
            _ = try await engine.reconcile()
        }
        let left = FileManager.default.enumerator(atPath: project.string)?.allObjects.compactMap { $0 as? String } ?? []
        #expect(!left.contains { $0.contains(".sandlot") }, "\(left.filter { $0.contains(".sandlot") })")
    }

    /// Two to switch between, where there are.
    private func backends(_ command: BuiltCommand) throws -> [String] {
        let listed = try JSONSerialization.jsonObject(with: Data(try command.run(["backend", "list", "--json"]).output.utf8))
        let usable = (listed as? [[String: Any]] ?? []).filter { $0["available"] as? Bool == true }.compactMap { $0["id"] as? String }
        return ["bubblewrap", "restricted-host"].filter(usable.contains)
    }
}

/// What was killed while it ran.
private struct Kills: CustomStringConvertible {
    private(set) var counts: [String: Int] = [:]

    mutating func note(_ victim: String, during verb: String) { counts["\(victim) during \(verb)", default: 0] += 1 }

    var total: Int { counts.values.reduce(0, +) }
    var description: String { counts.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ") }
}

/// A session that is disturbed.
private struct Chaos {
    let command: BuiltCommand
    let project: FilePath
    var random: SeededGenerator
    let backends: [String]
    private(set) var kills = Kills()
    /// The longest that a kill waits, in microseconds.
    private var delays: [String: UInt64] = [:]
    /// The last number that was seen in each file, and the last that the host's side wrote.
    private var seen: [String: Int] = [:]
    private var written: [String: Int] = [:]

    init(command: BuiltCommand, project: FilePath, random: SeededGenerator, backends: [String]) {
        self.command = command
        self.project = project
        self.random = random
        self.backends = backends
    }

    func open() throws {
        let opened = try command.run(
            ["session", "open", "--name", "steady", "--sync", project.string] + (backends.first.map { ["--backend", $0] } ?? []))
        try #require(opened.status == 0, "\(opened.output)")
    }

    mutating func write(_ round: Int, _ path: String) throws {
        let text = String(repeating: "\(round)\n", count: 300)
        try Data(text.utf8).write(to: URL(fileURLWithPath: project.appending(path).string), options: .atomic)
        written[path] = round
    }

    /// Edits on both sides; what is inside must be whole before.
    mutating func edit(_ round: Int) throws {
        for file in 0..<KillNineSyncTests.fileCount where random.next() % 3 == 0 { try write(round, "host/\(file)") }
        let script =
            "for d in host inside; do [ -d $d ] && awk 'FNR==1 { if (NR>1 && n!=300) print \"half before\", FILENAME; n=0; v=$0 } "
            + "{ n++; if ($0!=v) print \"mixed\", FILENAME } END { if (n!=300) print \"half at the end\" }' $d/*; done; "
            + "mkdir -p inside; for f in $(seq 0 \(KillNineSyncTests.fileCount)); do if [ $(( (f + \(round)) % 3 )) -eq 0 ]; then "
            + "{ for i in $(seq 1 300); do echo \(round); done; } > .t; mv .t inside/$f; fi; done; rm -f .t"
        let inside = try command.run(["session", "exec", "steady", "--", "sh", "-c", script])
        #expect(inside.status == 0 && inside.output.isEmpty, "round \(round): \(inside.output)")
    }

    /// Kills a push, a pull or a switch, or the guests under it, or both.
    mutating func disturb() throws {
        var verbs = ["push", "pull"]
        let other = backends.count > 1 ? try shownBackend().flatMap { now in backends.first { $0 != now } } : nil
        if other != nil { verbs.append("switch") }
        let verb = verbs[Int(random.next() % UInt64(verbs.count))]
        let process = try command.start(
            verb == "switch" ? ["session", "set", "--backend", other ?? "", "steady"] : ["session", verb, "steady"])
        // Mostly the engine: when a guest goes, so does what was not pulled, and there is less to lose in the next round.
        let victims = random.next() % 10
        let longest = delays[verb] ?? 300_000
        usleep(UInt32(random.next() % longest))
        // So that the kills fall into all of it, whatever the machine does besides.
        delays[verb] = process.isRunning ? min(3_000_000, longest * 11 / 10) : max(100_000, longest * 8 / 10)
        if process.isRunning {
            if victims >= 7 {
                for pid in guests() where kill(pid, SIGKILL) == 0 { kills.note("a guest", during: verb) }
            }
            if victims < 8, kill(process.processIdentifier, SIGKILL) == 0 { kills.note("the engine", during: verb) }
        }
        process.waitUntilExit()
        try comesBack()
    }

    /// A sandbox whose guest was killed runs again over its files with the next command.
    func comesBack() throws {
        let result = try command.run(["session", "exec", "steady", "--", "true"])
        #expect(result.status == 0, "\(result.output)")
    }

    private func shownBackend() throws -> String? {
        let text = try command.run(["session", "show", "--json", "steady"]).output
        return (try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])?["backend"] as? String
    }

    /// The guests of all sandboxes that there are now, two in the middle of a switch: each names its sandbox in its arguments.
    private func guests() -> [pid_t] {
        let sandboxes = (try? FileManager.default.contentsOfDirectory(atPath: command.dataDirectory + "/sandboxes")) ?? []
        return sandboxes.flatMap { processes(holding: $0) }.filter { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return line.split(separator: 0).first.map { String(decoding: $0, as: UTF8.self).hasSuffix("guest") } ?? false
        }
    }

    /// Every file of the host has 300 equal lines; no number goes back, and the host's own are those that were written last.
    mutating func check(_ round: Int) throws {
        for side in ["host", "inside"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: project.appending(side).string)) ?? [] {
                let path = "\(side)/\(name)"
                let lines = try String(contentsOfFile: project.appending(path).string, encoding: .utf8).split(separator: "\n")
                let number = lines.first.flatMap { Int($0) } ?? -1
                #expect(lines.count == 300 && Set(lines).count == 1, "round \(round): \(path) is half written")
                #expect(number >= seen[path] ?? 0 && number <= round, "round \(round): \(path) went from \(seen[path] ?? 0) to \(number)")
                if side == "host" { #expect(number == written[path], "round \(round): \(path) lost \(written[path] ?? -1)") }
                seen[path] = number
            }
        }
    }
}

extension KillNineSyncTests {
    fileprivate static var fileCount: Int { files }
}
