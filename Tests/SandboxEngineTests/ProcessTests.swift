import Foundation
import Logging
import SandboxCore
import SandboxStore
import SandboxTesting
import SystemPackage
import Testing

@testable import SandboxEngine

@Suite("Two processes on one data directory")
struct ProcessTests {
    @Test func `what a killed process did is seen live and settled by its neighbour`() async throws {
        let fixture = EngineFixture()
        let engine = try fixture.engine()
        let opened = Task {
            for try await event in engine.events(follow: true) where event.kind == .execStarted { return event }
            throw CancellationError()
        }
        let path = fixture.data.string
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let child = try Engine(
                configuration: EngineConfiguration(dataDirectory: FilePath(path)), backends: [InMemoryBackend()],
                logger: Logger(label: "child"))
            let session = try await child.open(SessionRequest(name: "orphan"))
            _ = try await child.start(session.id, ExecRequest(.shell("sleep 1000")))
            for try await event in child.events(follow: true) where event.kind == .execStarted { kill(getpid(), SIGKILL) }
        }
        let event = try await opened.value
        let session = try await engine.session("orphan")
        #expect(event.session == session.id)
        #expect(session.state == .ready)
        // The child's sandbox lived in its memory: for this engine it is gone.
        let report = try await engine.reconcile()
        #expect(report.failed == [session.id])
        let exec = try #require(event.exec)
        guard case .lost = try await engine.exec(exec).ending?.outcome else { return #expect(Bool(false), "not lost") }
        #expect(try await engine.store.read { try $0.engines() }.map(\.id) == [engine.identity.id])
        await engine.shutdown()
    }

    @Test func `two processes that prepare one session exclude each other`() async throws {
        let fixture = EngineFixture()
        let engine = try fixture.engine()
        let session = try await engine.open(SessionRequest(), prepare: false)
        fixture.backend.faults.holdCreate()
        let making = Task { try await engine.prepare(session.id) }
        try await fixture.backend.faults.createIsHeld()
        let path = fixture.data.string
        let name = session.id.rawValue
        await #expect(processExitsWith: .success) { [path = path as String, name = name as String] in
            let machine = InMemoryBackend()
            let child = try Engine(
                configuration: EngineConfiguration(
                    dataDirectory: FilePath(path), preparationTimeout: .milliseconds(50), backendTimeout: .milliseconds(50)),
                backends: [machine], logger: Logger(label: "child"))
            let refusal = await code { _ = try await child.prepare(try SessionID(validating: name)) }
            guard refusal == .timeout, machine.madeSandboxes.isEmpty else { exit(1) }
            exit(0)
        }
        fixture.backend.faults.releaseCreate()
        _ = try await making.value
        #expect(fixture.backend.madeSandboxes.count == 1)
        await engine.shutdown()
    }
}
