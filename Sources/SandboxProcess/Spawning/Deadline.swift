import SandboxCore

/// Runs `work`, and gives up after `duration` with a `timeout` that says what was awaited. The work is cancelled then.
public func withDeadline<R: Sendable>(
    _ duration: Duration, for what: @autoclosure @Sendable () -> String, _ work: @escaping @Sendable () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: duration)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw SandboxError(.timeout, "\(what()) took longer than \(duration)")
        }
        return result
    }
}
