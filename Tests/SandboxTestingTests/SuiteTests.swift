import SandboxCore
import SandboxTesting
import SystemPackage
import Testing

@Suite("The conformance suite")
struct SuiteTests {
    @Test("its ids are unique, and every case belongs to a family")
    func idsAreUnique() {
        let ids = ConformanceSuite.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(ids.count >= 80)
        #expect(ids.allSatisfy { $0.contains(".") && !$0.hasPrefix(".") && !$0.contains(" ") })
        #expect(ConformanceSuite.named("exec.exit-0")?.family == "exec")
    }

    @Test("a case passes on the in-memory backend or says why it is skipped", arguments: ConformanceSuite.all)
    func inMemory(_ one: ConformanceCase) async {
        let entry = await ConformanceRunner(hostScratch: "/tmp").run(one, on: InMemoryBackend())
        #expect(entry.verdict != .failed, "\(one.id): \(entry.detail ?? "")")
        if entry.verdict == .skipped { #expect(entry.detail?.isEmpty == false) }
    }
}
