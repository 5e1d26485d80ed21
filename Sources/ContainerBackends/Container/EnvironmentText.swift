/// An image's own environment.
enum EnvironmentText {
    /// `NAME=VALUE` texts as an engine lists them; what is no pair is left out.
    static func pairs(_ texts: [String]) -> [String: String] {
        var environment: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].isEmpty { environment[String(parts[0])] = String(parts[1]) }
        }
        return environment
    }
}
