import Logging
import SandboxAPI
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxServer
import Sandlot

/// The same calls by the typed client over HTTP and by the library, to one engine: what the server adds.
enum Serving {
    static func pairs(_ engine: Engine, rounds: Int) async throws -> [Pairing] {
        let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        guard let token = try await engine.firstAccessToken() else { throw BenchmarkFailure("there is no access token") }
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = SandlotServer(
            engine: engine, options: ServerOptions(port: 0), access: EngineAccess(engine), logger: quiet,
            onListening: { listening.yield($0) })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await server.run()
            }
            defer { group.cancelAll() }
            guard let port = await ports.first(where: { _ in true }) else {
                try await group.next()
                throw BenchmarkFailure("the server does not listen")
            }
            let client = try SandlotClient("http://127.0.0.1:\(port)", token: .file(token), logger: quiet)
            return try await measure(engine, client, rounds)
        }
    }

    private static func measure(_ engine: Engine, _ client: SandlotClient, _ rounds: Int) async throws -> [Pairing] {
        let library = try await engine.openSession()
        let remote = client.session(library.id.rawValue)
        let list: @Sendable () async throws -> Void = { for try await _ in client.sessions() {} }
        let execute: @Sendable () async throws -> Void = {
            guard try await remote.run(ExecRequest(.arguments(["/bin/true"]))).exec.ending?.exitStatus == 0 else {
                throw BenchmarkFailure("a command over HTTP did not exit with 0")
            }
        }
        var pairs = [
            try await Pairing.measure(
                "`GET /v1/sessions`, one connection", against: "`engine.sessions()`", rounds: rounds, aim: "≤ peer + 1 ms",
                ours: { try await milliseconds { try await list() } },
                peer: { try await milliseconds { _ = try await engine.sessions() } }),
            try await Pairing.measure(
                "exec of `true` and its answer over HTTP, one connection", against: "the same by the library", rounds: rounds,
                aim: "≤ peer + 1 ms", ours: { try await milliseconds { try await execute() } },
                peer: { try await milliseconds { try expectSuccess(try await library.run(["/bin/true"])) } }),
        ]
        for callers in [1, 16] {
            pairs.append(
                try await .measure(
                    "`GET /v1/sessions`, \(callers) at once", against: "`engine.sessions()`", unit: .perSecond, rounds: 5, warmUp: 1,
                    aim: "",
                    ours: { try await rate(rounds * 4, callers, list) },
                    peer: { try await rate(rounds * 4, callers) { _ = try await engine.sessions() } }))
            pairs.append(
                try await .measure(
                    "exec of `true` over HTTP, \(callers) at once", against: "the same by the library", unit: .perSecond, rounds: 5,
                    warmUp: 1, aim: "", ours: { try await rate(rounds, callers, execute) },
                    peer: { try await rate(rounds, callers) { try expectSuccess(try await library.run(["/bin/true"])) } }))
        }
        try await library.close()
        return pairs
    }

    /// Calls a second, by so many callers at once.
    private static func rate(_ calls: Int, _ callers: Int, _ call: @escaping @Sendable () async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<callers {
                group.addTask { for _ in 0..<max(1, calls / callers) { try await call() } }
            }
            try await group.waitForAll()
        }
        return Double(max(1, calls / callers) * callers) / Peers.seconds(since: start)
    }
}
