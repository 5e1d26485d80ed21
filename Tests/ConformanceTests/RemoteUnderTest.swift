import Foundation
import Logging
import SandboxClient
import SandboxCore
import SandboxEngine
import SandboxServer
import StandardBackends
import SystemPackage

/// bubblewrap behind a server: every promise is kept through the wire too. The server starts with the first question.
final class RemoteUnderTest: SandboxBackend {
    static let id = BackendID(unchecked: "remote")

    let descriptor: BackendDescriptor
    private let server: ServerUnderTest

    /// `served` is what the backend behind the server says of itself.
    init(dataDirectory: FilePath, describedBy served: BackendDescriptor) {
        var described = served
        described.id = Self.id
        descriptor = described
        server = ServerUnderTest(dataDirectory: dataDirectory, descriptor: described)
    }

    func probe() async -> BackendAvailability {
        do {
            return try await server.availability()
        } catch {
            return .unavailable(reason: "the server does not start: \(error)", remedy: "look at its error")
        }
    }

    func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        try await server.backend().create(spec, record: record)
    }

    func attach(to reference: SandboxReference) async throws -> any Sandbox { try await server.backend().attach(to: reference) }

    func list(owner: OwnerLabel) async throws -> [SandboxReference] { try await server.backend().list(owner: owner) }

    func remove(_ reference: SandboxReference) async throws { try await server.backend().remove(reference) }

    func stop() async { await server.stop() }
}

/// An engine with one backend and a server in front of it, in this process.
actor ServerUnderTest {
    static let serving = BackendID(unchecked: "bubblewrap")

    private let dataDirectory: FilePath
    private let descriptor: BackendDescriptor
    private var starting: Task<Running, any Error>?

    private struct Running {
        var engine: Engine
        var served: any SandboxBackend
        var backend: RemoteBackend
        var serving: Task<Void, any Error>
    }

    init(dataDirectory: FilePath, descriptor: BackendDescriptor) {
        self.dataDirectory = dataDirectory
        self.descriptor = descriptor
    }

    func backend() async throws -> RemoteBackend { try await running().backend }

    func availability() async throws -> BackendAvailability {
        let running = try await running()
        let here = await running.served.probe()
        return here.isAvailable ? await running.backend.probe() : here
    }

    func stop() async {
        guard let running = try? await starting?.value else { return }
        running.serving.cancel()
        _ = try? await running.serving.value
        await running.engine.shutdown()
    }

    private func running() async throws -> Running {
        let task = starting ?? Task { [dataDirectory, descriptor] in try await Self.start(dataDirectory, descriptor) }
        starting = task
        return try await task.value
    }

    private static func start(_ dataDirectory: FilePath, _ descriptor: BackendDescriptor) async throws -> Running {
        let logger = Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() }
        let all = try StandardBackends.all(dataDirectory: dataDirectory, settings: { _ in [:] }, logger: logger)
        guard let served = all.first(where: { $0.descriptor.id == serving }) else {
            throw SandboxError(.notFound, "there is no backend '\(serving)'")
        }
        let engine = try Engine(configuration: EngineConfiguration(dataDirectory: dataDirectory), backends: [served], logger: logger)
        guard let token = try await engine.firstAccessToken() else { throw SandboxError(.internalError, "there is no first token") }
        let listening = AsyncStream<Int>.makeStream()
        let server = SandlotServer(
            engine: engine, options: ServerOptions(port: 0), access: EngineAccess(engine), logger: logger,
            onListening: { listening.continuation.yield($0) })
        let run = Task {
            defer { listening.continuation.finish() }
            try await server.run()
        }
        guard let port = await listening.stream.first(where: { _ in true }) else {
            try await run.value
            throw SandboxError(.unavailable, "the server ended before it listened")
        }
        let client = try SandlotClient("http://127.0.0.1:\(port)", token: .file(token), logger: logger)
        return Running(
            engine: engine, served: served, backend: RemoteBackend(client, serving: serving, descriptor: descriptor), serving: run)
    }
}
