import SandboxCore
import SandboxTesting
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// What ran, and what was skipped and why; printed at the end and written to the file that `CONFORMANCE_LEDGER` names.
final class Ledger: Sendable {
    static let shared = Ledger()
    private let entries = Mutex<[BackendID: [String: SuiteReport.Entry]]>([:])
    private let missing = Mutex<[BackendID: String]>([:])

    private let progress = Mutex((done: 0, waiting: [(Int, CheckedContinuation<Void, Never>)]()))

    func finishOne() {
        let ready = progress.withLock { progress in
            progress.done += 1
            let ready = progress.waiting.filter { $0.0 <= progress.done }
            progress.waiting.removeAll { $0.0 <= progress.done }
            return ready
        }
        for (_, waiter) in ready { waiter.resume() }
    }

    /// Returns when this many trials are over.
    func finished(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isOver = progress.withLock { progress in
                if progress.done >= count { return true }
                progress.waiting.append((count, continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    func add(_ entry: SuiteReport.Entry, for backend: BackendID) { entries.withLock { $0[backend, default: [:]][entry.id] = entry } }
    func addMissing(_ backend: BackendID, _ reason: String) { missing.withLock { $0[backend] = reason } }

    func reports(_ ids: [BackendID]) -> [SuiteReport] {
        entries.withLock { entries in
            ids.compactMap { id in
                guard let own = entries[id] else { return nil }
                return SuiteReport(
                    .conformance, backend: id, isolation: BackendsUnderTest.shared.backends[id]?.descriptor.isolation ?? .none,
                    entries: ConformanceSuite.all.compactMap { own[$0.id] })
            }
        }
    }

    func text(_ ids: [BackendID]) -> String {
        var lines = ["# Conformance as user \(getuid())", ""]
        for id in ids {
            if let reason = missing.withLock({ $0[id] }) { lines += ["## \(id): did not run: \(reason)", ""] }
        }
        for report in reports(ids) {
            lines += ["## \(report.summary)", ""]
            for verdict in [Verdict.open, .notPromised, .couldNotRun] {
                lines += report.entries(verdict).map { "- \(verdict.rawValue): \($0.id): \($0.detail ?? "")" }
            }
            let slowest = report.entries.sorted { $0.seconds > $1.seconds }.prefix(5)
            let sum = report.entries.reduce(0) { $0 + $1.seconds }
            lines += ["- \(Int(sum)) s of cases; slowest: " + slowest.map { "\($0.id) \(Int($0.seconds)) s" }.joined(separator: ", "), ""]
        }
        return lines.joined(separator: "\n")
    }

    func publish(_ ids: [BackendID]) throws {
        let text = text(ids)
        print(text)
        guard let path = BackendsUnderTest.environment("CONFORMANCE_LEDGER") else { return }
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .append], permissions: FilePermissions(rawValue: 0o644))
        try file.closeAfter { _ = try file.writeAll((text + "\n").utf8) }
    }
}

/// The ids of all sandboxes that the suite asked for.
final class SeenSandboxes: Sendable {
    static let shared = SeenSandboxes()
    private let state = Mutex<Set<SandboxID>>([])

    func add(_ id: SandboxID) { state.withLock { _ = $0.insert(id) } }
    var ids: Set<SandboxID> { state.withLock { $0 } }
}
