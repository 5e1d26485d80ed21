import SandboxCore
import SandboxEngine

/// Finds execs by what people type.
enum ExecLookup {
    /// By exec id, or the last one of a session.
    static func find(_ text: String, in engine: Engine) async throws -> ExecRecord {
        if text.hasPrefix("exe-") { return try await engine.exec(try ExecID(validating: text)) }
        let session = try await engine.session(text)
        guard let last = try await engine.execs(in: session.id).last else {
            throw SandboxError(.notFound, "session \(text) has run no command", remedy: "see `sandlot ps --all`")
        }
        return last
    }

    /// By exec id only.
    static func exec(_ text: String, in engine: Engine) async throws -> ExecRecord {
        guard text.hasPrefix("exe-") else {
            throw SandboxError(.invalidArgument, "'\(text)' is not an exec id", remedy: "see `sandlot ps`")
        }
        return try await engine.exec(try ExecID(validating: text))
    }
}
