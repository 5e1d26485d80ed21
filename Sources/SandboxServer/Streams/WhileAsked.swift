import SandboxCore
import ServiceLifecycle

/// Waiting on behalf of a request: for as long as somebody asks, and no longer than the server runs.
enum WhileAsked {
    private struct Gone: Error {}
    private struct Ending: Error {}

    /// Runs `body`; when the client goes away or the server shuts down it is cancelled. `waitsFor` is said in the refusal then.
    static func run<Value: Sendable>(_ waitsFor: String, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let watch = ConnectionWatch.current
        let (gone, source) = AsyncStream<Void>.makeStream()
        let token = watch?.whenGone { source.finish() }
        defer { watch?.forget(token) }
        do {
            return try await withThrowingTaskGroup(of: Value.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    for await _ in gone {}
                    try Task.checkCancellation()
                    throw Gone()
                }
                group.addTask {
                    try? await gracefulShutdown()
                    try Task.checkCancellation()
                    throw Ending()
                }
                defer { group.cancelAll() }
                guard let value = try await group.next() else { throw CancellationError() }
                return value
            }
        } catch is Gone {
            throw CancellationError()
        } catch is Ending {
            throw SandboxError(.unavailable, "the server shuts down; \(waitsFor) goes on", remedy: "ask again when it is back")
        }
    }
}
