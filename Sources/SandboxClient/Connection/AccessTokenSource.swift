import Glibc
import SandboxCore
public import SystemPackage

/// Where a client has its access token from. It is read for every request, so that one that was replaced is used at once.
public enum AccessTokenSource: Sendable, CustomStringConvertible {
    /// A file that holds the token and nothing else; the server's first one is `token` in its data directory.
    case file(FilePath)
    /// A variable of this process' environment.
    case variable(String)
    /// The token itself.
    case text(String)
    /// None: only what needs no token works.
    case none

    /// Where it is, never the token.
    public var description: String {
        switch self {
        case .file(let path): "file \(path)"
        case .variable(let name): "$\(name)"
        case .text: "given"
        case .none: "none"
        }
    }

    /// Longer than any token.
    private static let limit = 4096

    /// The token; nil for none. Throws `denied` when there should be one and is not.
    func token() throws -> String? {
        let text: String
        switch self {
        case .none: return nil
        case .text(let given): text = given
        case .variable(let name):
            guard let value = getenv(name) else {
                throw SandboxError(.denied, "there is no access token in $\(name)", remedy: "set it, or name a file that holds the token")
            }
            text = String(cString: value)
        case .file(let path): text = try Self.read(path)
        }
        let token = text.filter { !$0.isWhitespace }
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SandboxError(
                .denied, "what is given as the access token (\(self)) is none", remedy: "create one with `sandlot token create`")
        }
        return token
    }

    private static func read(_ path: FilePath) throws -> String {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            return try file.closeAfter {
                let bytes = try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        } catch let error as Errno {
            throw SandboxError(.denied, "cannot read the access token in \(path)", remedy: "name a file that holds one", cause: error)
        }
    }
}
