import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// What tells whether a directory tree is still the same without reading its files, and how much room it takes.
struct TreeManifest {
    private(set) var key = ""
    private(set) var bytes: UInt64 = 0
    private(set) var entries = 0

    /// More is no root file system but somebody's whole disk.
    private static let most = 2_000_000

    init(_ root: FilePath) throws {
        var lines: [String] = []
        var open = [root]
        while let folder = open.popLast() {
            for name in try HostDirectory.names(in: folder).sorted() {
                let path = folder.appending(name)
                var status = stat()
                guard lstat(path.string, &status) == 0 else { throw SandboxError.system("looking at \(path)", errno) }
                entries += 1
                guard entries <= Self.most else {
                    throw SandboxError(.limitExceeded, "\(root) has more than \(Self.most) files", remedy: "name a root file system")
                }
                bytes += UInt64(max(0, status.st_size))
                lines.append(
                    "\(path) \(status.st_mode) \(status.st_uid):\(status.st_gid) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
                )
                if status.st_mode & S_IFMT == S_IFDIR { open.append(path) }
            }
        }
        key = FileStamp.key(lines)
    }
}
