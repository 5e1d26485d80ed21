import SandboxCore
import SandboxProcess
import Testing

@testable import SandboxEngine

/// Measures this very process, so it runs in one of its own.
@Suite(.timeLimit(.minutes(3))) struct MemoryTests {
    @Test func `ten thousand commands leave memory as it was`() async throws {
        try await EngineFixture.run { _, engine in
            let session = try await engine.open(SessionRequest())
            func runMany(_ count: Int) async throws {
                try await withThrowingTaskGroup { group in
                    for _ in 0..<8 { group.addTask { for _ in 0..<(count / 8) { _ = try await engine.run(session.id, "true") } } }
                    try await group.waitForAll()
                }
            }
            try await runMany(2000)
            let before = residentMegabytes()
            try await runMany(8000)
            #expect(residentMegabytes() - before < 40)
            #expect(engine.execs.all.isEmpty)
            #expect(try await engine.execs(in: session.id).count == 10_000)
        }
    }

    private func residentMegabytes() -> Int {
        let text = (try? [UInt8](contentsOfProc: "/proc/self/statm")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096 / 1_000_000
    }
}
