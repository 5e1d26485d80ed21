/// A line on standard error while something takes longer than a second, and only on a terminal.
enum Progress {
    /// Runs `body`; shows what is being done and for how long, and wipes the line at the end.
    /// `detail` tells more about it.
    static func during<R: Sendable>(
        _ what: String, in context: CommandContext, detail: @escaping @Sendable () -> String = { "" }, _ body: () async throws -> R
    ) async throws -> R {
        guard context.showsProgress else { return try await body() }
        let line = Task { await show(what, detail, in: context) }
        do {
            let result = try await body()
            await wipe(line, in: context)
            return result
        } catch {
            await wipe(line, in: context)
            throw error
        }
    }

    /// True once there is a line to wipe.
    private static func show(_ what: String, _ detail: @Sendable () -> String, in context: CommandContext) async -> Bool {
        let start = ContinuousClock.now
        var isShown = false
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let seconds = (ContinuousClock.now - start).components.seconds
            try? await context.error.write("\r\u{1B}[K\(what) … \(seconds) s\(detail())")
            isShown = true
        }
        return isShown
    }

    private static func wipe(_ line: Task<Bool, Never>, in context: CommandContext) async {
        line.cancel()
        if await line.value { try? await context.error.write("\r\u{1B}[K") }
    }
}
