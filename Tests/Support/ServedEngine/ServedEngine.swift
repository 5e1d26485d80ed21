public import CompatServers
public import Logging
public import SandboxCore
public import SandboxEngine
import SandboxServer
import StandardBackends
public import SystemPackage

/// An engine with one backend and a server in front of it, in this process, for tests of what speaks with a server.
public struct ServedEngine: Sendable {
    public let engine: Engine
    /// What the server runs sandboxes with.
    public let served: any SandboxBackend
    /// `http://127.0.0.1:PORT`.
    public let address: String
    /// The file of an administrator's token.
    public let tokenFile: FilePath
    private let serving: Task<Void, any Error>

    public static let bubblewrap = BackendID(unchecked: "bubblewrap")
    public static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Starts both; returns when the server listens.
    public static func start(
        dataDirectory: FilePath, backend: BackendID = bubblewrap, compatible: [CompatService] = []
    ) async throws -> ServedEngine {
        let all = try StandardBackends.all(dataDirectory: dataDirectory, settings: { _ in [:] }, logger: logger)
        guard let served = all.first(where: { $0.descriptor.id == backend }) else {
            throw SandboxError(.notFound, "there is no backend '\(backend)'")
        }
        let engine = try Engine(configuration: EngineConfiguration(dataDirectory: dataDirectory), backends: [served], logger: logger)
        guard let token = try await engine.firstAccessToken() else { throw SandboxError(.internalError, "there is no first token") }
        let choices = CompatChoices(backend: backend)
        let listening = AsyncStream<Int>.makeStream()
        let server = SandlotServer(
            engine: engine, options: ServerOptions(port: 0), access: EngineAccess(engine),
            contributors: compatible.map { $0.contributor(engine, choices: choices, logger: logger) }, logger: logger,
            onListening: { listening.continuation.yield($0) })
        let serving = Task {
            defer { listening.continuation.finish() }
            try await server.run()
        }
        guard let port = await listening.stream.first(where: { _ in true }) else {
            try await serving.value
            throw SandboxError(.unavailable, "the server ended before it listened")
        }
        return ServedEngine(
            engine: engine, served: served, address: "http://127.0.0.1:\(port)", tokenFile: token, serving: serving)
    }

    /// A key as a service's clients present it.
    public func key() async throws -> String {
        try await engine.createAccessToken(AccessTokenRequest(name: "test", scopes: [.exec])).credential.reveal()
    }

    /// Ends the server, then the engine.
    public func stop() async {
        serving.cancel()
        _ = try? await serving.value
        await engine.shutdown()
    }
}
