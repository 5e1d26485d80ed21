import Glibc
import SandboxCore
import SandboxStore
public import SystemPackage

extension Engine {
    private static let fact = "first-token"

    /// Makes sure that the owner of the data directory can get in: the first time, an `admin` token is made and written to a file that only the
    /// owner reads. Returns that file; nil when it was made before and is not there any more, so that removing it is final.
    public func firstAccessToken() async throws -> FilePath? {
        let file = configuration.dataDirectory.appending("token")
        let lock = try await locks.take("first-token")
        defer { lock.unlock() }
        if try await store.read({ try $0.fact(Self.fact) }) != nil { return access(file.string, F_OK) == 0 ? file : nil }
        let (issued, row) = try Self.draft(AccessTokenRequest(name: "first", scopes: [.admin]))
        // The file first: a crash in between leaves one that opens nothing and is written anew, never a token that nobody knows.
        try DataDirectory.writeFile(file, Array((issued.credential.reveal() + "\n").utf8))
        try await store.write { transaction in
            try Self.insert(row, in: transaction)
            try transaction.setFact(Self.fact, to: row.id)
        }
        return file
    }
}
