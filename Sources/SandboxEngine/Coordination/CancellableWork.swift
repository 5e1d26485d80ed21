/// Work that belongs to no caller and can be cancelled from outside.
enum CancellableWork {
    /// The work until it ends; cancelled when `life` ends first.
    static func run<Value: Sendable>(
        until life: AsyncStream<Never>, _ work: @escaping @Sendable () async throws -> Value
    ) async -> Result<Value, any Error> {
        await withTaskGroup(of: Result<Value, any Error>?.self) { group in
            group.addTask {
                do { return .success(try await work()) } catch { return .failure(error) }
            }
            group.addTask {
                for await _ in life {}
                return nil
            }
            var result: Result<Value, any Error>?
            for await outcome in group {
                result = outcome ?? result
                group.cancelAll()
            }
            return result ?? .failure(CancellationError())
        }
    }
}
