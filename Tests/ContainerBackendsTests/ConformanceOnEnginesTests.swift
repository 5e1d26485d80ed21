import ContainerBackends
import Foundation
import SandboxCore
import SandboxTesting
import SystemPackage
import Testing

/// The whole suite on each engine; `CONFORMANCE_ONLY` names cases or families.
@Suite("Conformance of container backends", .serialized, .enabled(if: !RealEngine.all.isEmpty, RealEngine.missing))
struct ConformanceOnEnginesTests {
    static let cases: [ConformanceCase] = {
        guard let wanted = ProcessInfo.processInfo.environment["CONFORMANCE_ONLY"] else { return ConformanceSuite.all }
        let names = Set(wanted.split(separator: ",").map(String.init))
        return ConformanceSuite.all.filter { names.contains($0.id) || names.contains($0.family) }
    }()

    /// An engine without root under the first version's control groups refuses limits, and its probe says so: then there is nothing to try.
    static func possible(on backend: ContainerBackend) async -> [ConformanceCase] {
        guard case .available(let details) = await backend.probe(), details["limit.memory"] == "refused" else { return cases }
        let limits: Set<Capability> = [.memoryLimit, .processLimit, .processorLimit]
        return cases.filter { $0.requires.isDisjoint(with: limits) }
    }

    @Test("every promise is kept", arguments: RealEngine.all)
    func everyPromise(_ engine: RealEngine) async throws {
        let report = try await withStage(engine) { stage in
            let scratch = stage.root.appending("scratch")
            try FileManager.default.createDirectory(atPath: scratch.string, withIntermediateDirectories: true)
            chmod(stage.root.string, 0o755)
            return await ConformanceRunner(hostScratch: scratch).run(await Self.possible(on: stage.backend), on: stage.backend)
        }
        for entry in report.entries(.skipped) { print("\(engine.name) skipped \(entry.id): \(entry.detail ?? "")") }
        for entry in report.entries(.failed) { print("\(engine.name) FAILED \(entry.id): \(entry.detail ?? "")") }
        print(report.summary)
        for entry in report.entries(.failed) { Issue.record("\(entry.id): \(entry.detail ?? "")") }
        #expect(!report.entries(.passed).isEmpty)
    }
}
