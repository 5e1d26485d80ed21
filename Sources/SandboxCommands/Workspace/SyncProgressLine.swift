import SandboxAPI
import SandboxWorkspace
import Synchronization

/// A push, pull or comparison with its progress shown.
enum SyncProgressLine {
    static func during(
        _ what: String, in context: CommandContext, _ body: (@escaping @Sendable (SyncProgress) -> Void) async throws -> SyncReportBody
    ) async throws -> SyncReportBody {
        let box = ProgressBox()
        let start = ContinuousClock.now
        return try await Progress.during(what, in: context, detail: { box.text(since: start) }) { try await body { box.set($0) } }
    }
}

/// The last that was told.
private final class ProgressBox: Sendable {
    private let state = Mutex<SyncProgress?>(nil)

    func set(_ progress: SyncProgress) { state.withLock { $0 = progress } }

    func text(since start: ContinuousClock.Instant) -> String {
        guard let progress = state.withLock({ $0 }) else { return "" }
        guard progress.phase == .copying else { return ", \(progress.phase.rawValue)" }
        let seconds = max(0.001, (ContinuousClock.now - start) / .seconds(1))
        let rate = SyncTelling.size(UInt64(Double(progress.bytes) / seconds))
        let share = progress.totalBytes.map { $0 > 0 ? ", \(progress.bytes * 100 / $0)%" : "" } ?? ""
        return ", \(progress.files) files, \(SyncTelling.size(progress.bytes)), \(rate)/s\(share)"
    }
}
