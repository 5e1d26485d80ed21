import SandboxCore

/// Names a sealed secret: 1 to 100 of `a-z 0-9 . - _`, starting with a letter or a digit.
public struct SecretName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name's text.
    public let rawValue: String

    /// Throws `invalidArgument` for what is no such name.
    public init(validating text: String) throws {
        let allowed = text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
        }
        guard (1...100).contains(text.utf8.count), allowed, let first = text.first, first.isLetter || first.isNumber else {
            // What does not look like a name may be the secret itself, put in the wrong place.
            throw SandboxError(
                .invalidArgument, "this is not a secret's name",
                remedy: "use 1 to 100 of a-z, 0-9, '.', '-' and '_', starting with a letter or a digit")
        }
        rawValue = text
    }

    /// The text.
    public var description: String { rawValue }
    /// Byte order of the texts.
    public static func < (left: SecretName, right: SecretName) -> Bool { left.rawValue < right.rawValue }
}
