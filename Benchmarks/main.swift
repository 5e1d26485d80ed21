import Foundation
import SandboxCore
import SandboxEngine
import Sandlot
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Prints a Markdown table of every figure beside its peer, measured in this run. `--quick` measures with fewer rounds;
/// `--containers` measures the container backends on the engines that `Scripts/start-engines` started; `--only=exec,serving,output,creation,sync,memory`
/// measures these parts alone.
let only = CommandLine.arguments.first { $0.hasPrefix("--only=") }.map { Set($0.dropFirst(7).split(separator: ",").map(String.init)) }
func measures(_ part: String) -> Bool { only?.contains(part) ?? true }
let quick = CommandLine.arguments.contains("--quick")
let rounds = quick ? 20 : 200
let scratch = FilePath(NSTemporaryDirectory()).appending("sandlot-bench-\(getpid())")
let command = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("--") }
defer { try? FileManager.default.removeItem(atPath: scratch.string) }

/// Resident memory of this process in MiB.
func residentMemory() -> Double {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Double(line.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "0") ?? 0) / 1024
}

func expectSuccess(_ result: ExecResult) throws {
    guard result.outcome.isSuccess else { throw BenchmarkFailure("a command ended with \(result.outcome): \(result.errorText)") }
}

func warm(_ session: SandboxSession, _ sandbox: any Sandbox) async throws -> [Pairing] {
    let spawn: () throws -> Void = { try Peers.spawn(["/bin/true"]) }
    return [
        try await .measure(
            "warm exec of `true` through the guest", against: "`posix_spawn`", rounds: rounds, aim: "≤ 1.5 × + 1 ms",
            ours: { try await milliseconds { try expectSuccess(try await sandbox.run(ExecRequest(.arguments(["/bin/true"])))) } },
            peer: { try await milliseconds { try spawn() } }),
        try await .measure(
            "the same through the engine (recorded, spooled)", against: "`posix_spawn`", rounds: rounds, aim: "",
            ours: { try await milliseconds { try expectSuccess(try await session.run(["/bin/true"])) } },
            peer: { try await milliseconds { try spawn() } }),
    ]
}

func concurrent(_ session: SandboxSession, _ count: Int) async throws -> Pairing {
    try await .measure(
        "\(count) execs at once, all ended", against: "\(count) × `posix_spawn`", rounds: max(5, rounds / count), aim: "",
        ours: {
            try await milliseconds {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<count { group.addTask { try expectSuccess(try await session.run(["/bin/true"])) } }
                    try await group.waitForAll()
                }
            }
        },
        peer: { try await milliseconds { try await Peers.spawnAtOnce(count) } })
}

func throughput(_ sandbox: any Sandbox) async throws -> Pairing {
    let gigabytes = quick ? 1 : 4
    return try await .measure(
        "standard output, \(gigabytes) GiB", against: "bare pipe", unit: .gigabytesPerSecond, rounds: 3, warmUp: 1,
        aim: "≥ 1 GB/s or ≥ 0.5 ×",
        ours: {
            let start = ContinuousClock.now
            var total = 0
            try await sandbox.exec(ExecRequest(.arguments(["head", "-c", "\(gigabytes)G", "/dev/zero"]))) { exec in
                for try await event in exec.events {
                    if case .output(let chunk) = event { total += chunk.bytes.count }
                }
            }
            guard total == gigabytes << 30 else { throw BenchmarkFailure("\(total) bytes arrived") }
            return Double(total) / 1e9 / Peers.seconds(since: start)
        }, peer: { try Peers.pipe(gigabytes: gigabytes) })
}

func creation(_ engine: Engine, _ name: String) async throws -> [Pairing] {
    var pairs = [
        try await Pairing.measure(
            "create, first exec, destroy: \(name)", against: "`bwrap … true`", rounds: rounds / 4, aim: "",
            ours: {
                try await milliseconds {
                    try await engine.withSession { try expectSuccess(try await $0.run(["/bin/true"])) }
                }
            }, peer: { try await milliseconds { try Peers.spawn(Peers.bubblewrap) } }),
        try await Pairing.measure(
            "create and first exec: \(name)", against: "`bwrap … true`", rounds: rounds / 4, aim: "≤ 2 ×",
            ours: {
                var spent = 0.0
                var session: SandboxSession?
                spent = try await milliseconds {
                    let opened = try await engine.openSession()
                    try expectSuccess(try await opened.run(["/bin/true"]))
                    session = opened
                }
                try await session?.close()
                return spent
            }, peer: { try await milliseconds { try Peers.spawn(Peers.bubblewrap) } }),
    ]
    if let command {
        pairs.append(
            try await .measure(
                "`sandlot run -- true`, whole process", against: "`bwrap … true`", rounds: rounds / 4, aim: "",
                ours: { try await milliseconds { try Peers.spawn([command, "run", "--", "true"]) } },
                peer: { try await milliseconds { try Peers.spawn(Peers.bubblewrap) } }))
        try Peers.spawn([command, "session", "open", "--name", "bench"])
        pairs.append(
            try await .measure(
                "`sandlot session exec`, whole process", against: "`bwrap … true`", rounds: rounds / 4, aim: "",
                ours: { try await milliseconds { try Peers.spawn([command, "session", "exec", "bench", "--", "true"]) } },
                peer: { try await milliseconds { try Peers.spawn(Peers.bubblewrap) } }))
        try Peers.spawn([command, "session", "rm", "bench"])
    }
    return pairs
}

/// The host's own backend, the engine and sync.
func local() async throws -> String {
    setenv("SANDLOT_DATA_DIRECTORY", scratch.appending("cli").string, 1)
    return try await Sandlot.withEngine(SandlotOptions(dataDirectory: scratch.appending("data"))) { engine in
        var pairs: [Pairing] = []
        var notes: [String] = []
        let session = try await engine.openSession()
        let sandbox = try await engine.prepare(session.id)
        if measures("exec") {
            pairs += try await warm(session, sandbox)
            for count in [1, 8, 64] { pairs.append(try await concurrent(session, count)) }
        }
        if measures("serving") { pairs += try await Serving.pairs(engine, rounds: rounds) }
        if measures("output") { pairs.append(try await throughput(sandbox)) }
        if measures("creation") { pairs += try await creation(engine, "bubblewrap") }
        if measures("sync") {
            let (figures, told) = try await Syncing.measure(engine, scratch, quick: quick)
            pairs += figures
            notes.append(told)
        }
        let many = quick ? 1000 : 10_000
        if measures("memory") {
            for _ in 0..<1000 { try expectSuccess(try await session.run(["/bin/true"])) }
            let first = residentMemory()
            for _ in 0..<many { try expectSuccess(try await session.run(["/bin/true"])) }
            notes.append(
                "Resident memory of the engine: \(twoDigits(first)) MiB after the first 1,000 execs, \(twoDigits(residentMemory())) MiB after "
                    + "\(many) more.")
        }
        try await session.close()
        return ([Pairing.header] + pairs.map(\.row) + [""] + notes).joined(separator: "\n")
    }
}

do {
    let containers = CommandLine.arguments.contains("--containers")
    print(containers ? try await Containers.table(scratch: scratch, quick: quick, command: command) : try await local())
} catch {
    FileHandle.standardError.write(Data("sandlot-bench: \(error)\n".utf8))
    try? FileManager.default.removeItem(atPath: scratch.string)
    exit(1)
}
