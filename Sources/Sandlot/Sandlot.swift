public import SandboxEngine

/// Sandboxed commands for a program that embeds the engine:
///
/// ```swift
/// let result = try await Sandlot.withEngine { engine in
///     try await engine.withSession { session in
///         try await session.run("uname -a")
///     }
/// }
/// print(result.outputText)
/// ```
public enum Sandlot {
    /// Runs `body` with an engine made from the settings of this machine, and lets go of everything afterwards.
    public static func withEngine<R: Sendable>(
        _ options: SandlotOptions = SandlotOptions(), isolation: isolated (any Actor)? = #isolation, _ body: (Engine) async throws -> R
    ) async throws -> R {
        let engine = try SandlotRuntime(options).engine
        do {
            let result = try await body(engine)
            await engine.shutdown()
            return result
        } catch {
            await engine.shutdown()
            throw error
        }
    }
}
