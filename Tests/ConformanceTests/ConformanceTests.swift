import SandboxCore
import SandboxTesting
import SystemPackage
import Testing

/// One backend and one case.
struct Trial: Sendable, CustomTestStringConvertible {
    var backend: BackendID
    var one: ConformanceCase
    var testDescription: String { "\(backend) \(one.id)" }
}

/// Lets a few sandboxes work at once, however many tests the runner starts.
actor Turnstile {
    static let shared = Turnstile(places: 4)
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
}

/// `CONFORMANCE_ONLY` names cases or families (`exec,files.watch`); do not filter by test names, because the last test waits for all others.
@Suite("Conformance")
struct ConformanceTests {
    static let cases: [ConformanceCase] = {
        guard let wanted = BackendsUnderTest.environment("CONFORMANCE_ONLY") else { return ConformanceSuite.all }
        let names = Set(wanted.split(separator: ",").map(String.init))
        return ConformanceSuite.all.filter { names.contains($0.id) || names.contains($0.family) }
    }()
    static let trials = BackendsUnderTest.shared.ids.flatMap { id in cases.map { Trial(backend: id, one: $0) } }

    @Test("keeps its promise", arguments: trials)
    func keepsItsPromise(_ trial: Trial) async throws {
        defer { Ledger.shared.finishOne() }
        let subjects = BackendsUnderTest.shared
        let backend = try #require(subjects.backends[trial.backend])
        if case .unavailable(let reason, let remedy) = await subjects.availability(of: trial.backend) {
            Ledger.shared.addMissing(trial.backend, "\(reason); \(remedy)")
            return
        }
        var runner = ConformanceRunner(hostScratch: subjects.scratch) { spec in SeenSandboxes.shared.add(spec.id) }
        runner.includesLong = BackendsUnderTest.environment("CONFORMANCE_LONG") != nil
        await Turnstile.shared.enter()
        let entry = await runner.run(trial.one, on: backend)
        await Turnstile.shared.leave()
        Ledger.shared.add(entry, for: trial.backend)
        #expect(entry.verdict != .open, "\(trial.backend) \(entry.id): \(entry.detail ?? "")")
    }

    @Test("afterwards the required backends ran, nothing of ours is left, and the ledger of skips is published")
    func afterwards() async throws {
        await Ledger.shared.finished(Self.trials.count)
        let subjects = BackendsUnderTest.shared
        await subjects.stop()
        #expect(subjects.failure == nil, "the backends could not be made: \(subjects.failure ?? "")")
        let ran = Set(Ledger.shared.reports(subjects.ids).map(\.backend.rawValue))
        for name in BackendsUnderTest.required.sorted() {
            #expect(ran.contains(name), "'\(name)' is required and did not run")
        }
        let left = Leftovers(dataDirectory: subjects.dataDirectory, scratch: subjects.scratch).found()
        #expect(left == [])
        try Ledger.shared.publish(subjects.ids)
        if left.isEmpty { subjects.removeRoot() }
    }
}
