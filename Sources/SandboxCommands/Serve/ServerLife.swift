import Logging
import SandboxCore
import SandboxEngine
import SandboxServer
import ServiceLifecycle

/// Runs the server and the engine's own service until the command is asked to end, and lets both end in order.
struct ServerLife: Sendable {
    let engine: Engine
    let server: SandlotServer
    let logger: Logger

    func run() async throws {
        // Commands that the last server left are taken up before anybody asks for them.
        await takeUp(within: .seconds(5))
        var configuration = ServiceGroupConfiguration(
            services: [
                // The server ends first: its streams tell their readers so while the engine still works.
                .init(service: Housekeeping(engine: engine), serviceName: "engine"),
                .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup, serviceName: "server"),
            ], logger: logger)
        // A client that keeps sending a body, or never reads its answer, does not keep the server up.
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        let group = ServiceGroup(configuration: configuration)
        let (asked, ask) = AsyncStream<Void>.makeStream()
        // Owned and awaited: a signal cancels this command, and a cancelled group would cut its streams off without a word.
        let running = Task {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask {
                    for await _ in asked {}
                    if !Task.isCancelled { await group.triggerGracefulShutdown() }
                    // Its end is the group's.
                    try? await Task.sleep(for: .seconds(86_400))
                }
                defer { tasks.cancelAll() }
                try await tasks.next()
            }
        }
        try await withTaskCancellationHandler {
            try await running.value
        } onCancel: {
            ask.finish()
        }
    }
}

extension ServerLife {
    private func takeUp(within limit: Duration) async {
        let engine = engine
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await engine.reconcile() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Leases, reconciliation and pruning, for as long as the server runs.
private struct Housekeeping: Service {
    let engine: Engine

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await engine.run() } catch is CancellationError {}
        }
    }
}
