import Foundation
import Logging
import SandboxCore
import SandboxStore
import SandboxTesting
import Synchronization
import SystemPackage

@testable import SandboxEngine

/// A data directory, a machine of sandboxes in memory, and any number of engines on them.
final class EngineFixture: Sendable {
    let data: FilePath
    let backend: InMemoryBackend

    init(_ backend: InMemoryBackend = InMemoryBackend()) {
        self.backend = backend
        data = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-engine-\(UUID().uuidString)").path)
    }

    deinit { try? FileManager.default.removeItem(atPath: data.string) }

    func engine(
        _ backends: [any SandboxBackend]? = nil, _ change: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> Engine {
        var configuration = EngineConfiguration(dataDirectory: data)
        change(&configuration)
        return try Engine(configuration: configuration, backends: backends ?? [backend], logger: Logger(label: "test"))
    }

    /// Runs a test with an engine that is shut down afterwards.
    static func run(
        _ backend: InMemoryBackend = InMemoryBackend(), _ change: (inout EngineConfiguration) -> Void = { _ in },
        _ body: (EngineFixture, Engine) async throws -> Void
    ) async throws {
        let fixture = EngineFixture(backend)
        let engine = try fixture.engine(nil, change)
        do {
            try await body(fixture, engine)
        } catch {
            await engine.shutdown()
            throw error
        }
        await engine.shutdown()
    }
}

extension Engine {
    /// Ends as a killed process does for the others: its locks are free, nothing is written any more.
    func die() async {
        isShutDown.withLock { $0 = true }
        for live in execs.all {
            await live.running.detach()
            live.feed.fail(CancellationError())
        }
        await tasks.end()
        watch.end()
        leases.end()
        await store.close()
        // The name stays, as after a crash.
        let path = configuration.dataDirectory.appending("locks").appending("engine-\(identity.id)")
        identity.end()
        _ = FileManager.default.createFile(atPath: path.string, contents: nil)
    }

    func run(_ session: SessionID, _ line: String) async throws -> (text: String, ending: ExecEnding) {
        let exec = try await start(session, ExecRequest(.shell(line)))
        var bytes: [UInt8] = []
        for try await event in exec.events {
            switch event {
            case .output(let chunk): bytes += chunk.bytes
            case .ended(let ending): return (String(decoding: bytes, as: UTF8.self), ending)
            }
        }
        throw SandboxError(.protocolViolation, "no end")
    }

    func allEvents(_ session: SessionID? = nil) async throws -> [EngineEvent] {
        var all: [EngineEvent] = []
        for try await event in events(session: session) { all.append(event) }
        return all
    }

    func text(of exec: ExecID, _ channel: OutputChannel = .standardOutput, follow: Bool = false) async throws -> String {
        var bytes: [UInt8] = []
        for try await chunk in try await output(of: exec, channel: channel, follow: follow) { bytes += chunk.bytes }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The code of the `SandboxError` that some work throws; nil when it throws none.
func code(_ work: () async throws -> Void) async -> SandboxError.Code? {
    do {
        try await work()
        return nil
    } catch {
        return (error as? SandboxError)?.code
    }
}
