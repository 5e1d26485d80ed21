import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// A directory with nothing in it but the guest, since a virtual machine is given directories, not files, and the guest's own may hold more.
struct GuestShare {
    let dataDirectory: FilePath
    /// The executable to share.
    let guest: FilePath

    /// The guest's file for an engine: itself where the engine sees it, else a copy in the data directory, which it does see.
    static func file(for paths: HostPathMap, _ host: HostFacts) throws -> FilePath {
        let guest = try host.guest()
        if paths.isIdentity || (try? paths.map(guest)) != nil { return guest }
        return try GuestShare(dataDirectory: host.dataDirectory, guest: guest).directory().appending("guest")
    }

    /// The largest guest that is believed.
    private static let limit = 256 << 20

    /// Makes the copy when there is none of this guest yet.
    func directory() throws -> FilePath {
        var status = stat()
        guard stat(guest.string, &status) == 0 else {
            throw SandboxError(.unavailable, "the guest \(guest) has disappeared", remedy: "install Sandlot again")
        }
        let version = "\(status.st_ino)-\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)"
        let folder = dataDirectory.appending("guests").appending(version)
        let file = folder.appending("guest")
        if access(file.string, X_OK) == 0 { return folder }
        guard let bytes = try HostDirectory.contents(guest, limit: Self.limit) else {
            throw SandboxError(.unavailable, "the guest \(guest) has disappeared", remedy: "install Sandlot again")
        }
        try HostDirectory.ensure(folder, mode: 0o755)
        // Written apart and named last, for two may do this at once.
        let draft = folder.appending(".\(UInt32.random(in: 0 ... .max))")
        try HostDirectory.replace(draft, with: bytes)
        guard chmod(draft.string, 0o755) == 0, rename(draft.string, file.string) == 0 else {
            let number = errno
            unlink(draft.string)
            throw SandboxError.system("copying the guest to \(file)", number)
        }
        return folder
    }
}
