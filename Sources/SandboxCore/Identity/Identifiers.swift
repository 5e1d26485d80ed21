/// A validated name that is safe in a path component, a label, a file name and a URL.
public protocol Identifier: Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
    /// What the thing is called in an error message.
    static var noun: String { get }
    /// The identifier's text.
    var rawValue: String { get }
    /// Wraps text that `validate` accepted.
    init(unchecked rawValue: String)
}

extension Identifier {
    /// Accepts 1 to 63 characters of `a-z 0-9 - _`, starting with a letter or a digit. Anything else throws `invalidArgument`.
    public init(validating text: String) throws {
        let allowed = text.utf8.allSatisfy { byte in
            (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x5F
        }
        guard (1...63).contains(text.utf8.count), allowed, text.first != "-", text.first != "_" else {
            throw SandboxError(
                .invalidArgument, "'\(text.prefix(80))' is not a \(Self.noun)",
                remedy: "use 1 to 63 of a-z, 0-9, '-' and '_', starting with a letter or a digit")
        }
        self.init(unchecked: text)
    }

    /// The text.
    public var description: String { rawValue }

    /// Byte order of the texts.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Reads and validates.
    public init(from decoder: any Decoder) throws {
        try self.init(validating: try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// Names a backend: `bubblewrap`, `docker`, …
public struct BackendID: Identifier {
    public static let noun = "backend name"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Names a session for ever: `ses-…`.
public struct SessionID: Identifier {
    public static let noun = "session id"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
    /// A fresh random id with 100 bits of randomness.
    public static func random() -> SessionID { SessionID(unchecked: "ses-" + randomToken()) }
}

/// Names one sandbox: `sbx-…`. It is chosen before anything is created, so a crash in between can be cleaned up.
public struct SandboxID: Identifier {
    public static let noun = "sandbox id"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
    /// A fresh random id with 100 bits of randomness.
    public static func random() -> SandboxID { SandboxID(unchecked: "sbx-" + randomToken()) }
}

/// Names one exec: `exe-…`. The same id never runs twice.
public struct ExecID: Identifier {
    public static let noun = "exec id"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
    /// A fresh random id with 100 bits of randomness.
    public static func random() -> ExecID { ExecID(unchecked: "exe-" + randomToken()) }
}

/// Whose sandboxes these are: one value per data directory, so that two Sandlots on one machine never touch each other's.
public struct OwnerLabel: Identifier {
    public static let noun = "owner label"
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
    /// A fresh random label.
    public static func random() -> OwnerLabel { OwnerLabel(unchecked: randomToken()) }
}

/// 20 characters of Crockford's base 32 in lower case: 100 bits from the system's generator.
private func randomToken() -> String {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<20).map { _ in alphabet[Int.random(in: 0..<32)] })
}
