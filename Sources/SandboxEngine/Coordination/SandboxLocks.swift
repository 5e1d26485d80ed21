import SandboxCore
import SandboxStore
import SystemPackage

/// Makes sure that one engine at a time makes, takes up or destroys the sandbox of a key.
///
/// A `flock` cannot be awaited, so a held lock is tried again after 1 ms, then ever later up to 50 ms. The holder's death frees it.
struct SandboxLocks: Sendable {
    let directory: FilePath
    let patience: Duration

    /// Takes the lock of a key, waiting for it.
    func take(_ key: String) async throws -> FileLock {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(1)
        while true {
            if let lock = try trying(key) { return lock }
            guard ContinuousClock.now < deadline else {
                throw SandboxError(
                    .timeout, "another Sandlot has been working on the same sandbox for \(patience)",
                    remedy: "wait for it or end it, then try again")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    /// Takes the lock of a key, or returns nil while somebody holds it.
    func trying(_ key: String) throws -> FileLock? {
        try FileLock.trying(at: directory.appending("sandbox-" + SandboxKey.fileName(key)))
    }
}

/// What sessions share a sandbox by.
enum SandboxKey {
    static func make(_ scope: SessionScope, session: SessionID, agent: String?) -> String {
        switch scope {
        case .session: session.rawValue
        case .agent: "agent/\(agent ?? "")"
        case .shared: "shared"
        }
    }

    /// A file name that no other key has: what is not a letter, a digit or a dash is written in hexadecimal.
    static func fileName(_ key: String) -> String {
        key.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x2D: String(UnicodeScalar(byte))
            default: "_" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}
