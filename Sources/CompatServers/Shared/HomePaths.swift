import SandboxCore
import SystemPackage

/// Paths as a service's users write them: relative ones begin at the home directory.
enum HomePaths {
    /// Throws `invalidArgument` for what no path can be.
    static func resolve(_ text: String?, home: FilePath) throws -> FilePath {
        guard let text, !text.isEmpty else { return home }
        guard !text.utf8.contains(0) else { throw SandboxError(.invalidArgument, "a path holds no zero bytes") }
        if text == "~" { return home }
        if text.hasPrefix("~/") { return home.appending(String(text.dropFirst(2))).lexicallyNormalized() }
        let path = FilePath(text)
        return (path.isAbsolute ? path : home.appending(path.components)).lexicallyNormalized()
    }
}
