import Foundation
import SandboxCore

/// Bytes as JSON carries them: `{"text": …}` where they are UTF-8, `{"base64": …}` otherwise.
public struct WireBytes: Sendable, Codable, Equatable {
    /// The bytes.
    public var bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    enum CodingKeys: String, CodingKey {
        case text, base64
    }

    /// Reads either form; both or none is `invalidArgument`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decodeIfPresent(String.self, forKey: .text)
        let base64 = try container.decodeIfPresent(String.self, forKey: .base64)
        switch (text, base64) {
        case (let text?, nil): bytes = Array(text.utf8)
        case (nil, let base64?): bytes = try Self.bytes(base64: base64)
        default: throw SandboxError(.invalidArgument, "bytes are given as 'text' or as 'base64'", remedy: "give exactly one of them")
        }
    }

    /// Writes text where the bytes allow it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let text = String(validating: bytes, as: UTF8.self) {
            try container.encode(text, forKey: .text)
        } else {
            try container.encode(Self.base64(bytes), forKey: .base64)
        }
    }

    static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    static func bytes(base64: String) throws -> [UInt8] {
        guard let data = Data(base64Encoded: base64) else {
            throw SandboxError(.invalidArgument, "a value is not base 64", remedy: "use the standard alphabet with padding")
        }
        return Array(data)
    }
}
