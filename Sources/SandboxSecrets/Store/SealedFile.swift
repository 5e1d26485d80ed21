import Crypto
import Foundation
import SandboxCore
import SystemPackage

/// The sealed store as it lies on disk: who can open it in the clear, everything else under AES-GCM.
struct SealedFile: Codable {
    /// What is sealed: names are as secret as values.
    struct Contents: Codable {
        struct Entry: Codable {
            var value: String
            /// Milliseconds since 1970.
            var changed: Int64
        }
        var entries: [String: Entry] = [:]
    }

    static let currentFormat = 1

    var format: Int
    /// Counts the changes.
    var generation: UInt64
    /// Where the key is.
    var source: KeySource
    /// Which key: derived from it, and tells nothing about it.
    var key: String
    /// Fresh with every change, so that no two of them are sealed with the same derived key.
    var salt: Data
    var sealed: Data

    /// Seals contents.
    init(_ contents: Contents, generation: UInt64, key: SealingKey, source: KeySource) throws {
        format = Self.currentFormat
        self.generation = generation
        self.source = source
        self.key = key.id
        salt = Data(SealingKey.randomBytes(32))
        sealed = Data()
        let plain = try JSONEncoder().encode(contents)
        let box = try AES.GCM.seal(plain, using: key.derived(salt: salt), authenticating: header)
        guard let combined = box.combined else {
            throw SandboxError(.internalError, "sealing the secrets gave nothing", remedy: "report this")
        }
        sealed = combined
    }

    /// Reads the outside of the file; nothing is opened yet.
    init(bytes: [UInt8], at path: FilePath) throws {
        guard let outside = try? JSONDecoder().decode(Outside.self, from: Data(bytes)) else { throw Self.damage(path, "is damaged") }
        guard outside.format == Self.currentFormat else {
            throw SandboxError(.unsupported, "\(path) was written by a newer Sandlot", remedy: "update Sandlot")
        }
        do {
            self = try JSONDecoder().decode(SealedFile.self, from: Data(bytes))
        } catch {
            throw Self.damage(path, "is damaged")
        }
    }

    /// Throws `unavailable` when a single bit, inside or outside, is not what was written.
    func open(with key: SealingKey, at path: FilePath) throws -> Contents {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let plain = try? AES.GCM.open(box, using: key.derived(salt: salt), authenticating: header),
            let contents = try? JSONDecoder().decode(Contents.self, from: plain)
        else { throw Self.damage(path, "is damaged, or was changed by somebody else") }
        return contents
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [0x0A]
    }

    /// What stands outside is bound to what is inside.
    private var header: Data {
        Data("sandlot secrets\n\(format)\n\(generation)\n\(source.rawValue)\n\(key)\n\(salt.base64EncodedString())".utf8)
    }

    private struct Outside: Codable { var format: Int }

    private static func damage(_ path: FilePath, _ what: String) -> SandboxError {
        SandboxError(
            .unavailable, "the sealed secrets in \(path) cannot be opened: the file \(what)",
            remedy: "restore it from a backup, or move it away and set the secrets again; nothing was changed")
    }
}
