import CSandlotSystem

/// A token or a login code as its holder presents it: `sandlot_ID_SECRET`. The first half finds it, the second, 256 random bits, proves it.
///
/// Printing and dumping it shows only the id.
public struct AccessCredential: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let id: String
    private let secret: String

    private static let prefix = "sandlot_"
    private static let secretLength = 64
    /// No identifier is longer.
    private static let longest = 8 + 63 + 1 + 64

    /// A fresh one whose id starts with `kind`.
    init(kind: String) {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        id = kind + "-" + String((0..<20).map { _ in alphabet[Int.random(in: 0..<32, using: &generator)] })
        secret = (0..<4).map { _ in Self.hexadecimal(UInt64.random(in: .min ... .max, using: &generator)) }.joined()
    }

    /// Reads what was presented; nil for what cannot be one.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].utf8.count == Self.secretLength else { return nil }
        id = String(parts[0])
        secret = String(parts[1])
    }

    /// The text itself, for the one place that hands it to its holder.
    public func reveal() -> String { "\(Self.prefix)\(id)_\(secret)" }

    /// What is stored: a plain hash is enough, since nobody guesses 256 random bits.
    var digest: String { Self.digest(of: secret) }

    /// Compares in a time that tells nothing about where the two differ. Nil, for what does not exist, takes the same time and never matches.
    func matches(_ stored: String?) -> Bool {
        let mine = Array(digest.utf8)
        let other = Array((stored ?? String(repeating: "-", count: mine.count)).utf8)
        guard mine.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in mine.indices { difference |= mine[index] ^ other[index] }
        return difference == 0 && stored != nil
    }

    /// Never the secret half.
    public var description: String { "\(Self.prefix)\(id)_…" }
    /// Never the secret half.
    public var debugDescription: String { description }
    /// Without children, so that `dump` shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func digest(of text: String) -> String {
        var state = sandlot_sha256()
        sandlot_sha256_init(&state)
        Array(text.utf8).withUnsafeBytes { sandlot_sha256_update(&state, $0.baseAddress, $0.count) }
        var digest = [UInt8](repeating: 0, count: 32)
        digest.withUnsafeMutableBufferPointer { sandlot_sha256_final(&state, $0.baseAddress) }
        return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// A new token with what its holder presents; the only time that this can be seen.
public struct IssuedAccessToken: Sendable {
    public let token: AccessToken
    public let credential: AccessCredential
}

/// A new login code.
public struct IssuedLoginCode: Sendable {
    public let credential: AccessCredential
    public let expiresAt: Timestamp
}
