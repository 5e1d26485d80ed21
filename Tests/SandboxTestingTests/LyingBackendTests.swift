import Foundation
import SandboxCore
import SandboxTesting
import Synchronization
import SystemPackage
import Testing

/// What a leaking backend would pass on.
enum HostEnvironmentForLies {
    static var all: [String: String] {
        ProcessInfo.processInfo.environment.filter { name, value in
            !["PATH", "HOME", "USER", "HOSTNAME"].contains(name) && !name.contains("(") && !value.isEmpty && !value.contains("\n")
        }
    }
}

@Suite("A backend that lies is found out")
struct LyingBackendTests {
    @Test(
        "each lie makes the case fail that is about it",
        arguments: [
            (LyingBackend.Lie.guessesExitCode, "exec.signal-kill"), (.mergesStreams, "streams.separate"),
            (.ignoresTimeout, "timeout.outcome"),
            (.runsTwice, "exec.runs-once"), (.leaksEnvironment, "environment.no-leak"), (.dropsOutput, "streams.utf8"),
            (.shiftsOffsets, "streams.before-exit"), (.hidesStartFailure, "exec.not-found"),
            (.acceptsEveryLimit, "descriptor.capabilities-are-true"), (.skipsRecord, "lifecycle.record-throws"),
            (.staysListed, "lifecycle.destroy-idempotent"), (.losesInput, "input.text"), (.forgetsWorkingDirectory, "directory.relative"),
            (.swallowsRefusals, "signal.unknown"), (.claimsTerminal, "terminal.is-one"),
        ])
    func lieIsFound(_ lie: LyingBackend.Lie, _ id: String) async throws {
        let one = try #require(ConformanceSuite.named(id))
        var runner = ConformanceRunner(hostScratch: "/tmp")
        runner.deadline = .seconds(30)
        let entry = await runner.run(one, on: LyingBackend(lie))
        #expect(entry.verdict == .open, "\(lie) got away with \(id): \(entry.verdict) \(entry.detail ?? "")")
        let honest = await runner.run(one, on: InMemoryBackend())
        #expect(honest.verdict != .open, "\(id) fails without the lie: \(honest.detail ?? "")")
    }

    @Test("a case that hangs fails at its deadline, and the runner goes on")
    func hangingCaseFails() async {
        var runner = ConformanceRunner(hostScratch: "/tmp")
        runner.deadline = .milliseconds(100)
        let hanging = ConformanceCase("self.hangs", "never ends") { _ in
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in Forever.shared.keep(continuation) }
        }
        let after = ConformanceCase("self.passes", "ends at once") { _ in }
        let report = await runner.run([hanging, after], on: InMemoryBackend())
        #expect(report.entries.map(\.verdict) == [.open, .held])
        #expect(!report.isKept)
        #expect(report.markdown.contains("| self.hangs | open |"))
    }

    @Test("a case whose capability is missing is not promised, with the reason")
    func missingCapabilityIsNotPromised() async {
        let one = ConformanceCase("self.terminal", "needs a terminal", requires: [.terminal]) { _ in }
        let entry = await ConformanceRunner(hostScratch: "/tmp").run(one, on: InMemoryBackend())
        #expect(entry.verdict == .notPromised)
        #expect(entry.detail == "does not claim terminal")
    }

    @Test("a report survives its JSON")
    func reportIsCodable() throws {
        let report = SuiteReport(
            .attack, backend: BackendID(unchecked: "x"), isolation: .namespace,
            entries: [.init(id: "a.b", summary: "s", verdict: .couldNotRun, detail: "why", seconds: 0.5)], facts: [.init("kernel", "own")])
        #expect(try JSONDecoder().decode(SuiteReport.self, from: JSONEncoder().encode(report)) == report)
    }
}

/// Keeps continuations that are never resumed, as a backend that hangs does.
private final class Forever: Sendable {
    static let shared = Forever()
    private let list = Mutex<[CheckedContinuation<Void, Never>]>([])
    func keep(_ continuation: CheckedContinuation<Void, Never>) { list.withLock { $0.append(continuation) } }
}
