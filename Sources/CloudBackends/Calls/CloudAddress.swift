import SandboxCore
import SandboxHTTP

/// A service's address: where it listens, and what all of its paths begin with.
struct CloudAddress: Sendable, Hashable, CustomStringConvertible {
    let endpoint: HTTPEndpoint
    /// Empty, or with a slash before and none behind.
    let prefix: String

    /// Reads `https://host[:port][/prefix]`; `setting` names the place for the error.
    init(parsing text: String, setting: String) throws {
        let wrong = SandboxError(
            .invalidArgument, "\(setting) is '\(text.prefix(200))'", remedy: "write https://host, perhaps with a port and a path")
        guard let scheme = text.firstRange(of: "://"), ["http", "https"].contains(text[..<scheme.lowerBound]) else { throw wrong }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path = path.dropLast() }
        let isPlain = (authority + path).utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3F && $0 != 0x23 }
        guard isPlain, let parsed = try? HTTPEndpoint(parsing: "\(text[..<scheme.upperBound])\(authority)", defaultPort: 80) else {
            throw wrong
        }
        endpoint = parsed
        prefix = String(path)
    }

    var description: String { "\(endpoint)\(prefix)" }
}
