public import SandboxCore
import Synchronization
public import SystemPackage

/// Runs cases on a backend.
public struct ConformanceRunner: Sendable {
    /// After this a case counts as failed, unless it names its own deadline.
    public var deadline: Duration = .seconds(60)
    /// Cases at once.
    public var parallelism = 4
    /// Whether the cases that take minutes run.
    public var includesLong = false
    /// An existing directory of the host that the cases may fill; what they leave there they remove.
    public var hostScratch: FilePath
    /// What every specification for this backend needs, such as an image.
    public var configure: @Sendable (inout SandboxSpec) -> Void

    /// Creates a runner.
    public init(hostScratch: FilePath, configure: @escaping @Sendable (inout SandboxSpec) -> Void = { _ in }) {
        self.hostScratch = hostScratch
        self.configure = configure
    }

    /// Runs the cases and reports in their order. Never throws: what goes wrong is a failed case.
    public func run(_ cases: [ConformanceCase] = ConformanceSuite.all, on backend: any SandboxBackend) async -> SuiteReport {
        let entries = await withTaskGroup(of: (Int, SuiteReport.Entry).self) { group in
            var found: [Int: SuiteReport.Entry] = [:]
            for (index, one) in cases.enumerated() {
                if index >= parallelism, let (position, entry) = await group.next() { found[position] = entry }
                group.addTask { (index, await run(one, on: backend)) }
            }
            for await (position, entry) in group { found[position] = entry }
            return cases.indices.compactMap { found[$0] }
        }
        return SuiteReport(
            .conformance, backend: backend.descriptor.id, isolation: backend.descriptor.isolation, entries: entries)
    }

    /// Runs one case, clears away what it made, and tells how it went.
    public func run(_ one: ConformanceCase, on backend: any SandboxBackend) async -> SuiteReport.Entry {
        var entry = SuiteReport.Entry(id: one.id, summary: one.summary, verdict: .held)
        if let reason = one.exemption(of: backend.descriptor) {
            (entry.verdict, entry.detail) = (.notPromised, reason)
            return entry
        }
        if one.isLong && !includesLong {
            (entry.verdict, entry.detail) = (.couldNotRun, "long: not asked for")
            return entry
        }
        let context = ConformanceContext(backend: backend, hostScratch: hostScratch, configure: configure)
        let start = ContinuousClock.now
        let verdict = await Self.race(one.deadline ?? deadline, "the case") { try await one.body(context) }
        let clearing = await Self.race(.seconds(30), "clearing away") { try await context.clearAway() }
        entry.seconds = (ContinuousClock.now - start) / .seconds(1)
        if let skip = verdict as? ConformanceSkip {
            (entry.verdict, entry.detail) = (.couldNotRun, skip.reason)
        } else if Self.wantsPrograms(backend.descriptor, verdict) {
            (entry.verdict, entry.detail) = (.notPromised, ConformanceCase.withoutPrograms)
        } else if let error = verdict ?? clearing {
            entry.verdict = .open
            entry.detail = error is ConformanceFailure ? "\(error)" : "unexpected \(type(of: error)): \(error)"
        }
        return entry
    }

    /// Most cases run programs. A sandbox for WebAssembly has none and says so; a refusal of that kind is no broken promise there.
    private static func wantsPrograms(_ descriptor: BackendDescriptor, _ verdict: (any Error)?) -> Bool {
        descriptor.isolation == .wasm && (verdict as? SandboxError)?.code == .unsupported
    }

    /// Runs a body until the deadline; nil when it returned in time, else why not. A body that hangs although it was cancelled is left
    /// behind, because a suite that hangs with its subject reports nothing: hence tasks that nobody waits for.
    private static func race(_ deadline: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> Void) async -> (
        any Error
    )? {
        let once = Once()
        return await withCheckedContinuation { continuation in
            once.set(continuation)
            let work = Task {
                do {
                    try await body()
                    once.finish(nil)
                } catch { once.finish(error) }
            }
            let alarm = Task {
                guard (try? await Task.sleep(for: deadline)) != nil else { return }
                once.finish(ConformanceFailure(expected: "\(what) to end within \(deadline)", found: "that it hangs"))
                work.cancel()
            }
            once.whenFinished { alarm.cancel() }
        }
    }
}

/// Resumes a continuation with whatever comes first.
private final class Once: Sendable {
    private struct State {
        var continuation: CheckedContinuation<(any Error)?, Never>?
        var isFinished = false
        var after: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func set(_ continuation: CheckedContinuation<(any Error)?, Never>) { state.withLock { $0.continuation = continuation } }

    func whenFinished(_ after: @escaping @Sendable () -> Void) {
        let isFinished = state.withLock { state in
            if !state.isFinished { state.after = after }
            return state.isFinished
        }
        if isFinished { after() }
    }

    func finish(_ error: (any Error)?) {
        let (continuation, after) = state.withLock { state in
            state.isFinished = true
            defer {
                state.continuation = nil
                state.after = nil
            }
            return (state.continuation, state.after)
        }
        continuation?.resume(returning: error)
        after?()
    }
}
