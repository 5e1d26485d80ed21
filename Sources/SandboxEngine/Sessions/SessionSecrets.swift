import SandboxCore
import Synchronization

/// The environment values of sessions: in memory and nowhere else, because a file would hold them in the clear.
final class SessionSecrets: Sendable {
    private let values = Mutex<[SessionID: [String: String]]>([:])

    subscript(session: SessionID) -> [String: String]? {
        get { values.withLock { $0[session] } }
        set { values.withLock { $0[session] = newValue } }
    }

    /// The environment of an exec: its own over the session's over the configuration's. Throws `conflict` when the session's is not known any
    /// more and the exec does not bring every name of it along.
    func environment(for exec: [String: String], in session: SessionID, names: [String], over base: [String: String]) throws -> [String:
        String]
    {
        var merged = base
        if let known = self[session] {
            merged.merge(known) { $1 }
        } else {
            let missing = names.filter { exec[$0] == nil }
            guard missing.isEmpty else {
                throw SandboxError(
                    .conflict,
                    "the values of \(missing.joined(separator: ", ")) of session \(session) were lost with the engine that knew them",
                    remedy: "set the session's environment again, or pass these variables with the command")
            }
        }
        return merged.merging(exec) { $1 }
    }

    /// Throws `invalidArgument` for what cannot be an environment.
    static func check(_ environment: [String: String]) throws {
        for (name, value) in environment {
            guard !name.isEmpty, !name.contains("="), !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw SandboxError(
                    .invalidArgument, "'\(name.prefix(80))' cannot be set in an environment", remedy: "names hold no '=', nothing holds NUL"
                )
            }
        }
    }
}
