import Foundation

/// The credentials of HTTP's Basic scheme.
enum BasicAuthorization {
    /// The user's name; nil when it cannot be read.
    static func user(_ encoded: String) -> String? {
        guard let bytes = Data(base64Encoded: encoded) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: ":", omittingEmptySubsequences: false).first.map(String.init)
    }
}
