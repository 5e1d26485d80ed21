import HTTPTypes
import SandboxCore
import SandboxEngine

/// How many commands one holder of a token has running.
actor ExecQuota {
    private let engine: Engine
    private let limit: Int
    private var running: [String: Set<ExecID>] = [:]

    init(_ engine: Engine, limit: Int) {
        self.engine = engine
        self.limit = limit
    }

    /// Counts a command that is about to be started. Throws status 429 when the holder has its share.
    func admit(_ id: ExecID, holder: String) async throws {
        if running[holder, default: []].count >= limit { await settle(holder) }
        guard running[holder, default: []].count < limit || running[holder]?.contains(id) == true else {
            throw StatusError(
                status: .tooManyRequests,
                failure: SandboxError(
                    .limitExceeded, "\(limit) commands of this token run already", remedy: "wait for one of them, or cancel it"),
                headers: [.retryAfter: "1"])
        }
        running[holder, default: []].insert(id)
    }

    /// Those that are over, or never began, are looked for only when the share is used up.
    private func settle(_ holder: String) async {
        for id in running[holder] ?? [] {
            if let record = try? await engine.exec(id), !record.isOver { continue }
            running[holder]?.remove(id)
        }
    }
}
