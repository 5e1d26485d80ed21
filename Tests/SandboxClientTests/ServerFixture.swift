import Foundation
import Logging
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxServer
import SandboxTesting
import Synchronization
import SystemPackage
import Testing

/// A server on a port of this machine, over sandboxes in memory; it can be stopped and started again as another one on the same port.
final class ServerFixture: Sendable {
    let engine: Engine
    let data: FilePath
    private let state = Mutex(State())

    private struct State {
        var run: Task<Void, any Error>?
    }

    private let logger: Logger
    private let port: HeldPort

    private init(_ logger: Logger, _ backends: [any SandboxBackend]) throws {
        self.logger = logger
        port = try HeldPort()
        data = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-client-\(UUID().uuidString)").path)
        engine = try Engine(
            configuration: EngineConfiguration(dataDirectory: data), backends: backends, logger: logger)
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs a test with a server, which is gone afterwards.
    static func run(
        logger: Logger = quiet, backends: [any SandboxBackend] = [InMemoryBackend()],
        _ body: (ServerFixture, SandlotClient) async throws -> Void
    ) async throws {
        let fixture = try ServerFixture(logger, backends)
        let token = try #require(try await fixture.engine.firstAccessToken())
        do {
            try await fixture.start()
            try await body(fixture, try fixture.client(.file(token)))
            await fixture.end()
        } catch {
            await fixture.end()
            throw error
        }
    }

    func client(_ token: AccessTokenSource) throws -> SandlotClient {
        try SandlotClient("http://127.0.0.1:\(port.number)", token: token, logger: Self.quiet)
    }

    /// Starts a server, on the same port each time. Processes that other tests have started may hold a copy of the last server's socket, which
    /// then listens for as long as they live.
    func start() async throws {
        while true {
            do { return try await listen() } catch let error as SandboxError where error.code == .conflict {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func listen() async throws {
        let options = ServerOptions(port: port.number, version: "test", keepalive: .milliseconds(200))
        let listening = AsyncStream<Int>.makeStream()
        let server = SandlotServer(
            engine: engine, options: options, access: EngineAccess(engine), logger: logger,
            onListening: { listening.continuation.yield($0) })
        let run = Task {
            defer { listening.continuation.finish() }
            try await server.run()
        }
        guard await listening.stream.first(where: { _ in true }) != nil else {
            try await run.value
            throw CancellationError()
        }
        state.withLock { $0.run = run }
    }

    /// Ends the server as a killed one ends: connections break.
    func stop() async {
        let run = state.withLock { state in
            defer { state.run = nil }
            return state.run
        }
        run?.cancel()
        _ = try? await run?.value
    }

    private func end() async {
        await stop()
        await engine.shutdown()
        try? FileManager.default.removeItem(atPath: data.string)
    }
}
