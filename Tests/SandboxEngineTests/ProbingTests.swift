import SandboxCore
import SandboxTesting
import Testing

@testable import SandboxEngine

@Suite("Probing", .timeLimit(.minutes(10)))
struct ProbingTests {
    @Test func `only backends whose answer matters are asked`() async throws {
        let names = ["strong", "weak", "shy"].map(BackendID.init(unchecked:))
        let strong = InMemoryBackend(id: names[0], isolation: .container)
        let weak = InMemoryBackend(id: names[1], isolation: .process)
        let fixture = EngineFixture()
        let engine = try fixture.engine([strong, weak])
        let automatic = try await engine.open(SessionRequest(), prepare: false)
        #expect(automatic.backend == names[0])
        #expect((strong.probeCount, weak.probeCount) == (1, 0), "the floor alone rules the weak one out")
        #expect(automatic.decision.reasons.last?.reason.contains("below the floor") == true)
        _ = try await engine.open(SessionRequest(backend: names[1]), prepare: false)
        #expect((strong.probeCount, weak.probeCount) == (1, 1))
        #expect(await engine.backends().count == 2)
        await engine.shutdown()
    }
}
