import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Root file systems as files: made once from a tree, then read by any number of machines and written by none.
struct GoldenImage: Sendable {
    let host: MachineHost
    let assets: AssetStore

    static let remedy = "install it: apt-get install e2fsprogs"

    /// The image of a directory, or of BusyBox alone.
    func path(of root: FilePath?) async throws -> FilePath {
        let tool = try self.tool()
        guard let root else {
            let busybox = try BusyBoxTree.locate(host)
            let name = "image-" + FileStamp.key([BusyBoxTree.version, try FileStamp(busybox).text])
            return try await assets.asset(name) { [host] draft in
                let tree = FilePath(draft.string + ".tree")
                try HostDirectory.create(tree, mode: 0o755)
                do {
                    try await BusyBoxTree.fill(tree, with: busybox, keeper: host.keeper)
                    try await Self.make(draft, of: tree, try TreeManifest(tree), tool, host)
                } catch {
                    try? await HostDirectory.remove(tree)
                    throw error
                }
                try await HostDirectory.remove(tree)
            }
        }
        let manifest = try TreeManifest(root)
        return try await assets.asset("image-" + manifest.key) { [host] draft in
            try await Self.make(draft, of: root, manifest, tool, host)
        }
    }

    func tool() throws -> FilePath {
        guard let tool = host.program("mke2fs") else {
            throw SandboxError(.unavailable, "there is no mke2fs, which makes the machines' file systems", remedy: Self.remedy)
        }
        return tool
    }

    private static func make(
        _ draft: FilePath, of tree: FilePath, _ manifest: TreeManifest, _ tool: FilePath, _ host: MachineHost
    ) async throws {
        // A block and an inode for each file, the file system's own tables, and some air; the file has holes where nothing is.
        let room = manifest.bytes + UInt64(manifest.entries) * 8192
        let size = (room + room / 8) >> 20 + 32
        let result = try await CommandRunner(keeper: host.keeper).run(
            tool,
            [
                "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-N", "\(manifest.entries + 1024)", "-E",
                "root_owner=0:0,lazy_itable_init=0", "-d", tree.string, draft.string, "\(size)M",
            ], environment: ["PATH": host.searchPath], deadline: .seconds(900))
        guard result.isSuccess else {
            throw SandboxError(
                .unavailable, "making a root file system of \(tree) failed: \(result.errorText.suffix(400))",
                remedy: "see whether this user can read all of it, and whether there is room on the disk")
        }
        guard chmod(draft.string, 0o644) == 0 else { throw SandboxError.system("setting the mode of \(draft)", errno) }
    }

    /// An empty file system of `size` bytes in a new file of `capacity` bytes, which has holes where nothing is.
    func makeDisk(_ path: FilePath, size: UInt64, capacity: UInt64) async throws {
        let file = OwnedDescriptor(open(path.string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        guard file.raw >= 0 else { throw SandboxError.system("making the disk \(path)", errno) }
        guard ftruncate(file.raw, off_t(capacity)) == 0 else {
            throw SandboxError.system("making the disk \(path) of \(capacity >> 20) MiB", errno, remedy: "use a smaller disk")
        }
        let result = try await CommandRunner(keeper: host.keeper).run(
            try tool(),
            ["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "1", "-E", "root_owner=0:0,nodiscard", path.string, "\(size >> 10)k"],
            environment: ["PATH": host.searchPath], deadline: .seconds(60))
        guard result.isSuccess else {
            throw SandboxError(.unavailable, "making the disk \(path) failed: \(result.errorText.suffix(400))")
        }
    }
}
