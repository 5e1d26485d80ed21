import Foundation
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// The guest executable as it is sent: read once, named by its content.
final class GuestParcel: Sendable {
    struct Content: Sendable {
        let bytes: [UInt8]
        /// SHA-256, 64 digits.
        let digest: String
    }

    private let locate: @Sendable () throws -> FilePath
    private let content = Mutex<Content?>(nil)

    init(_ locate: @escaping @Sendable () throws -> FilePath) { self.locate = locate }

    /// Throws `unavailable` where there is no guest.
    func read() throws -> Content {
        try content.withLock { content in
            if let content { return content }
            let path = try locate()
            let bytes: [UInt8]
            do {
                bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path.string)))
            } catch {
                throw SandboxError(.unavailable, "the guest \(path) cannot be read", remedy: "see its permissions", cause: error)
            }
            let fresh = Content(bytes: bytes, digest: Digest.hex(bytes))
            content = fresh
            return fresh
        }
    }

    /// The machine that the guest was built for, as `uname -m` says it.
    static var machine: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }
}
