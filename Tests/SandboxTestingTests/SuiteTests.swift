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

    @Test("every case passes on the in-memory backend or says why it is skipped")
    func inMemory() async {
        // A few at a time: each case's deadline runs from its start, whoever else wants the processors.
        let report = await ConformanceRunner(hostScratch: "/tmp").run(on: InMemoryBackend())
        #expect(report.entries.count == ConformanceSuite.all.count)
        for entry in report.entries(.open) { Issue.record("\(entry.id): \(entry.detail ?? "")") }
        for entry in report.entries(.notPromised) + report.entries(.couldNotRun) {
            #expect(entry.detail?.isEmpty == false, "\(entry.id) is skipped without a reason")
        }
        #expect(report.entries(.held).count > 200, "\(report.summary)")
        print(report.summary)
    }

    @Test("every promise about images is kept by the in-memory image backend")
    func inMemoryImages() async {
        let cases = ConformanceSuite.all.filter { $0.family == "image" }
        let report = await ConformanceRunner(hostScratch: "/tmp").run(cases, on: InMemoryImageBackend())
        for entry in report.entries(.open) { Issue.record("\(entry.id): \(entry.detail ?? "")") }
        #expect(report.entries(.held).count == cases.count, "\(report.summary)")
    }
}
