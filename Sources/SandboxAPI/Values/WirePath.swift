public import SystemPackage

/// A path or a name as JSON carries it: text, or `{"base64": …}` where its bytes are not UTF-8.
public struct WirePath: Sendable, Codable, Equatable {
    /// The path.
    public var path: FilePath

    /// Wraps a path.
    public init(_ path: FilePath) { self.path = path }

    private enum Keys: String, CodingKey {
        case base64
    }

    /// Reads text or base 64. Throws for a NUL, which no path holds.
    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            path = try FilePath(bytes: Array(text.utf8))
        } else {
            let text = try decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .base64)
            path = try FilePath(bytes: try WireBytes.bytes(base64: text))
        }
    }

    /// Writes text where the bytes allow it.
    public func encode(to encoder: any Encoder) throws {
        let bytes = path.bytes
        if let text = String(validating: bytes, as: UTF8.self) {
            var container = encoder.singleValueContainer()
            try container.encode(text)
        } else {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(WireBytes.base64(bytes), forKey: .base64)
        }
    }
}
