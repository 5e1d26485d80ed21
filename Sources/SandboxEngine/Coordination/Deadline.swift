import SandboxCore

/// Runs work that leaves the process; when the time is up it is cancelled and `timeout` thrown.
func withDeadline<T: Sendable>(_ limit: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            throw SandboxError(.timeout, "\(what) took longer than \(limit)", remedy: "look at the backend, or allow more time")
        }
        return value
    }
}
