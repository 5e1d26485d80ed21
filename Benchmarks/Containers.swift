import Foundation
import Logging
import SandboxCore
import SandboxEngine
import SandboxHTTP
import Sandlot
import SystemPackage

/// The container backends beside their engines' own commands. Throws when a warm exec is not ten times as fast as the engine's.
enum Containers {
    static func table(scratch: FilePath, quick: Bool, command: String?) async throws -> String {
        let engines = try MeasuredEngine.all()
        guard !engines.isEmpty else { throw BenchmarkFailure("no engine: run Scripts/start-engines DIR and set what it prints") }
        var rows: [String] = []
        var slow: [String] = []
        for engine in engines {
            let directory = scratch.appending(engine.backend.rawValue)
            engine.publish(directory)
            let pairs = try await Sandlot.withEngine(engine.settings(directory)) { sandlot in
                try await engine.withContainer { container in
                    try await measure(engine, sandlot, container, scratch: scratch, rounds: quick ? 10 : 50, command: command)
                }
            }
            rows += pairs.map(\.row)
            let first = pairs[0]
            let factor = median(first.peer) / median(first.ours)
            rows.append("| | | | \(first.peerName) | | warm exec is \(twoDigits(factor)) × as fast | ≥ 10 × |")
            if factor < 10 { slow.append("\(engine.backend): only \(twoDigits(factor)) ×") }
        }
        let table = ([Pairing.header] + rows).joined(separator: "\n")
        guard slow.isEmpty else {
            print(table)
            throw BenchmarkFailure("a warm exec is not ten times as fast as the engine's own: \(slow.joined(separator: "; "))")
        }
        return table
    }

    private static func measure(
        _ engine: MeasuredEngine, _ sandlot: Engine, _ container: String, scratch: FilePath, rounds: Int, command: String?
    ) async throws -> [Pairing] {
        let client = try HTTPAPIClient(
            .unixSocket(FilePath(engine.socket)), logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let word = engine.command[0]
        let session = try await sandlot.openSession()
        let sandbox = try await sandlot.prepare(session.id)
        func succeed(_ result: ExecResult) throws {
            guard result.outcome.isSuccess else { throw BenchmarkFailure("a command ended with \(result.outcome): \(result.errorText)") }
        }
        let warm: () async throws -> Double = {
            try await milliseconds { try succeed(try await sandbox.run(ExecRequest(.arguments(["true"])))) }
        }
        let once: @Sendable () async throws -> Void = {
            try await sandlot.withSession { session in
                let result = try await session.run(["true"])
                guard result.outcome.isSuccess else { throw BenchmarkFailure("a command ended with \(result.outcome)") }
            }
        }
        let theirs: @Sendable () throws -> Void = { try engine.run(["run", "--rm", "--network", "none", engine.image, "true"]) }
        var pairs = [
            try await Pairing.measure(
                "\(engine.backend): warm exec of `true`", against: "`\(word) exec`", rounds: rounds, aim: "≤ 0.1 ×", ours: warm,
                peer: { try await milliseconds { try engine.run(["exec", container, "true"]) } }),
            try await Pairing.measure(
                "\(engine.backend): warm exec of `true`", against: "exec by its API", rounds: rounds, aim: "", ours: warm,
                peer: { try await milliseconds { try await engine.execute(client, in: container) } }),
            try await Pairing.measure(
                "\(engine.backend): the same, recorded and spooled", against: "`\(word) exec`", rounds: rounds, aim: "",
                ours: { try await milliseconds { try succeed(try await session.run(["true"])) } },
                peer: { try await milliseconds { try engine.run(["exec", container, "true"]) } }),
            try await Pairing.measure(
                "\(engine.backend): create, first exec, destroy", against: "`\(word) run --rm`", rounds: max(5, rounds / 5), warmUp: 1,
                aim: "",
                ours: { try await milliseconds { try await once() } }, peer: { try await milliseconds { try theirs() } }),
        ]
        for count in [8, 32] {
            pairs.append(
                try await .measure(
                    "\(engine.backend): \(count) sessions at once, made, used, destroyed", against: "\(count) × `\(word) run --rm`",
                    rounds: 3, warmUp: 0, aim: "",
                    ours: { try await milliseconds { try await atOnce(count, once) } },
                    peer: { try await milliseconds { try await atOnce(count) { try theirs() } } }))
        }
        if let command { pairs.append(try await copy(engine, container, scratch: scratch, command: command)) }
        try await session.close()
        return pairs
    }

    private static func atOnce(_ count: Int, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { try await body() } }
            try await group.waitForAll()
        }
    }

    /// A tree of 1,000 files and 100 MB, both by a whole process.
    private static func copy(_ engine: MeasuredEngine, _ container: String, scratch: FilePath, command: String) async throws -> Pairing {
        let tree = scratch.appending("tree")
        if !FileManager.default.fileExists(atPath: tree.string) {
            for folder in 0..<20 {
                let path = tree.appending("folder-\(folder)")
                try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
                for file in 0..<50 {
                    var generator = SystemRandomNumberGenerator()
                    let bytes = (0..<12_500).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
                    try Data(bytes).write(to: URL(fileURLWithPath: path.appending("file-\(file)").string))
                }
            }
        }
        try Peers.spawn([command, "session", "open", "--name", "copying"], quietly: true)
        var (ours, theirs) = (0, 0)
        let pair = try await Pairing.measure(
            "\(engine.backend): copy a tree of 100 MB into it, whole process", against: "`\(engine.command[0]) cp`", rounds: 5, warmUp: 1,
            aim: "",
            ours: {
                ours += 1
                return try await milliseconds {
                    try Peers.spawn([command, "session", "cp", tree.string, "copying:tree-\(ours)"], quietly: true)
                }
            },
            peer: {
                theirs += 1
                return try await milliseconds { try engine.run(["cp", tree.string, "\(container):/tmp/tree-\(theirs)"]) }
            })
        try Peers.spawn([command, "session", "rm", "copying"], quietly: true)
        return pair
    }
}
