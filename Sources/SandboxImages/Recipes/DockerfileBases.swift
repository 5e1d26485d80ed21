import SandboxCore

/// The images that a Dockerfile starts from.
public enum DockerfileBases {
    /// Bytes of a Dockerfile that is accepted.
    public static let limit = 256 << 10

    /// The names after `FROM`, each once; without earlier stages, `scratch`, and names that only the build's arguments complete. Throws
    /// `invalidArgument` for a text that cannot be one.
    public static func references(in text: String) throws -> [String] {
        guard text.utf8.count <= limit, !text.utf8.contains(0) else {
            throw SandboxError(.invalidArgument, "that is no Dockerfile, or longer than \(limit) bytes", remedy: "shorten it")
        }
        var found: [String] = []
        var stages: Set<String> = ["scratch"]
        var hasBase = false
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace).filter { !$0.hasPrefix("--") }
            guard words.count >= 2, words[0].uppercased() == "FROM" else { continue }
            hasBase = true
            let base = String(words[1])
            if !stages.contains(base), !base.contains("$"), !found.contains(base) { found.append(base) }
            if words.count >= 4, words[2].uppercased() == "AS" { stages.insert(String(words[3])) }
        }
        guard hasBase else {
            throw SandboxError(.invalidArgument, "the Dockerfile names no base", remedy: "begin it with FROM and an image")
        }
        return found
    }
}
