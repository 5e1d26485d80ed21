/// A line on standard error while something takes longer than a second, and only on a terminal.
enum Progress {
    /// Runs `body`; shows what is being done and for how long, and wipes the line at the end.
    static func during<R: Sendable>(_ what: String, in context: CommandContext, _ body: () async throws -> R) async throws -> R {
        guard context.showsProgress else { return try await body() }
        let line = Task { try await show(what, in: context) }
        do {
            let result = try await body()
            await wipe(line, in: context)
            return result
        } catch {
            await wipe(line, in: context)
            throw error
        }
    }

    private static func show(_ what: String, in context: CommandContext) async throws {
        let start = ContinuousClock.now
        try await Task.sleep(for: .seconds(1))
        while true {
            let seconds = (ContinuousClock.now - start).components.seconds
            try await context.error.write("\r\u{1B}[K\(what) … \(seconds) s")
            try await Task.sleep(for: .seconds(1))
        }
    }

    private static func wipe(_ line: Task<Void, any Error>, in context: CommandContext) async {
        line.cancel()
        _ = await line.result
        try? await context.error.write("\r\u{1B}[K")
    }
}
