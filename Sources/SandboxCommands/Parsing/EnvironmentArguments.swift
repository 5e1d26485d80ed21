import SandboxCore

/// `-e NAME=VALUE`, `-e NAME` and `--env-file FILE`, in Docker's meaning.
enum EnvironmentArguments {
    /// Files first, then the single ones, each later one winning. `NAME` alone takes the value from our own environment and is left out
    /// where that has none.
    static func resolve(_ arguments: [String], files: [(name: String, text: String)], own: [String: String]) throws -> [String: String] {
        var environment: [String: String] = [:]
        for file in files {
            var number = 0
            for line in file.text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
                number += 1
                let text = line.drop { $0 == " " || $0 == "\t" }
                if text.isEmpty || text.first == "#" { continue }
                try apply(String(text), at: "\(file.name):\(number)", own, to: &environment)
            }
        }
        for argument in arguments { try apply(argument, at: "--env", own, to: &environment) }
        return environment
    }

    private static func apply(_ text: String, at place: String, _ own: [String: String], to environment: inout [String: String]) throws {
        let name = String(text.prefix { $0 != "=" })
        guard !name.isEmpty, !name.contains(where: { $0 == " " || $0 == "\t" || $0 == "\0" }) else {
            // The text may hold a secret: only the place is shown.
            throw SandboxError(
                .invalidArgument, "\(place): this is not a variable", remedy: "write NAME=VALUE, or NAME to pass on your own")
        }
        if name.count < text.count {
            environment[name] = String(text.dropFirst(name.count + 1))
        } else if let value = own[name] {
            environment[name] = value
        }
    }
}
