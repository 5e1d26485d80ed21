import SandboxCore
public import SystemPackage

/// Where an HTTP API is reached.
public enum HTTPEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A unix socket of this machine.
    case unixSocket(FilePath)
    /// A host and port, encrypted when `security` is there.
    case network(host: String, port: Int, security: TransportSecurity?)

    /// Reads `unix:///path`, `/path`, `tcp://host:port`, `http://host:port` or `https://host:port`.
    ///
    /// `tcp` is encrypted exactly when `security` is given; `https` always, with the system's authorities when it is not. Throws
    /// `invalidArgument` for anything else.
    public init(parsing text: String, security: TransportSecurity? = nil, defaultPort: Int = 2375) throws {
        if text.hasPrefix("/") {
            self = .unixSocket(FilePath(text))
            return
        }
        guard let separator = text.firstRange(of: "://") else { throw Self.unknown(text) }
        let rest = text[separator.upperBound...]
        switch text[..<separator.lowerBound] {
        case "unix":
            guard rest.hasPrefix("/") else { throw Self.unknown(text) }
            self = .unixSocket(FilePath(String(rest)))
        case "tcp", "http":
            let (host, port) = try Self.hostAndPort(rest, defaultPort: defaultPort, whole: text)
            self = .network(host: host, port: port, security: text.hasPrefix("http") ? nil : security)
        case "https":
            let (host, port) = try Self.hostAndPort(rest, defaultPort: 443, whole: text)
            self = .network(host: host, port: port, security: security ?? TransportSecurity())
        default: throw Self.unknown(text)
        }
    }

    /// As `init(parsing:)` reads it; without credentials.
    public var description: String {
        switch self {
        case .unixSocket(let path): "unix://\(path)"
        case .network(let host, let port, let security):
            "\(security == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    private static func hostAndPort(_ text: Substring, defaultPort: Int, whole: String) throws -> (String, Int) {
        let authority = text.prefix { $0 != "/" }
        let tail = text.dropFirst(authority.count)
        guard tail.isEmpty || tail == "/", !authority.contains("@") else { throw unknown(whole) }
        var host = authority
        var port: Substring?
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            if rest.first == ":" { port = rest.dropFirst() } else if !rest.isEmpty { throw unknown(whole) }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw unknown(whole) }
        guard let port else { return (String(host), defaultPort) }
        guard let number = Int(port), (1...65535).contains(number) else { throw unknown(whole) }
        return (String(host), number)
    }

    private static func unknown(_ text: String) -> SandboxError {
        SandboxError(
            .invalidArgument, "'\(text.prefix(200))' is not the address of an HTTP API",
            remedy: "write unix:///path/to/socket, tcp://host:port or https://host:port")
    }
}

/// How a connection is encrypted and who is believed. All files are PEM.
public struct TransportSecurity: Sendable, Hashable {
    /// Nil: the system's authorities.
    public var authority: FilePath?
    /// The client's certificate and key, both or none.
    public var certificate: FilePath?
    public var key: FilePath?
    /// Whether the server must prove its name. False still encrypts.
    public var verifies: Bool

    /// Creates a description; no file is read yet.
    public init(authority: FilePath? = nil, certificate: FilePath? = nil, key: FilePath? = nil, verifies: Bool = true) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.verifies = verifies
    }
}
