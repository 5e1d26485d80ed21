import SandboxAPI
import SandboxCore

/// What a terminal's viewer says in a text message; its binary messages are input.
struct TerminalCommand: Decodable, Sendable {
    enum Kind: String, Decodable {
        case resize, signal, eof
    }
    var type: Kind
    var columns: UInt16?
    var rows: UInt16?
    var signal: String?

    /// Does it. Throws `invalidArgument` for what makes no sense.
    func perform(on exec: any RunningExec) async throws {
        switch type {
        case .resize:
            guard let columns, let rows, columns > 0, rows > 0 else {
                throw SandboxError(.invalidArgument, "a terminal has at least one column and one row", remedy: "give both")
            }
            try await exec.resize(TerminalSize(columns: columns, rows: rows))
        case .signal: try await exec.signal(ExecSignal(parsing: signal ?? ""))
        case .eof: try await exec.closeInput()
        }
    }
}
