import Crypto
import Foundation
import SandboxCore

/// The key that everything is sealed with. Printing and dumping it shows only its id.
struct SealingKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let key: SymmetricKey
    /// 16 hexadecimal digits that tell keys apart and nothing about them.
    let id: String

    /// Less would be worth guessing.
    static let shortestMaterial = 32

    /// From text that somebody keeps: a key file, a keyring, a command. Throws `invalidArgument` when it is too short to be a key.
    init(material: String, from place: String) throws {
        guard material.utf8.count >= Self.shortestMaterial else {
            throw SandboxError(
                .invalidArgument, "the key from \(place) is shorter than \(Self.shortestMaterial) characters",
                remedy: "make one with `openssl rand -hex 32`")
        }
        self.init(material: material)
    }

    private init(material: String) {
        let input = SymmetricKey(data: Data(material.utf8))
        key = HKDF<SHA256>.deriveKey(inputKeyMaterial: input, info: Data("sandlot secrets key".utf8), outputByteCount: 32)
        let name = HKDF<SHA256>.deriveKey(inputKeyMaterial: input, info: Data("sandlot secrets key id".utf8), outputByteCount: 8)
        id = name.withUnsafeBytes { Self.hexadecimal(Array($0)) }
    }

    /// A fresh one, with the text to keep it as.
    static func fresh() -> (key: SealingKey, material: String) {
        let material = hexadecimal(randomBytes(32))
        return (SealingKey(material: material), material)
    }

    /// The key of one version of the store.
    func derived(salt: Data) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, salt: salt, info: Data("sandlot secrets seal".utf8), outputByteCount: 32)
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// Never the key.
    var description: String { "key \(id)" }
    /// Never the key.
    var debugDescription: String { description }
    /// Without children, so that `dump` shows nothing.
    var customMirror: Mirror { Mirror(self, children: []) }
}
