import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The directory in which what a pull brings lies until it is applied: on the file system of the workspace, so that a rename moves it in.
///
/// Preferred is one outside of the tree; where that is on another mount, `.sandlot` in the tree's root, which is never synced and which git ignores.
struct Staging: Sendable {
    let path: FilePath
    private static let journalName = "journal"

    /// Where staging may be: every place is looked at for what a crash left.
    static func places(preferred: FilePath, root: FilePath) -> [FilePath] {
        [preferred.appending("staging"), root.appending(".sandlot").appending(preferred.lastComponent?.string ?? "staging")]
    }

    /// An empty staging directory for a tree. What an earlier one left must have been taken up before.
    static func make(for tree: HostTree, preferred: FilePath) async throws -> Staging {
        let places = places(preferred: preferred, root: tree.path)
        for place in places { try await HostDirectory.remove(place) }
        try HostDirectory.ensure(preferred, mode: 0o700)
        if try mount(of: tree.root) == mount(of: Descriptors.directory(preferred)) {
            try HostDirectory.create(places[0], mode: 0o700)
            return Staging(path: places[0])
        }
        let folder = tree.path.appending(".sandlot")
        if mkdirat(tree.root.raw, ".sandlot", 0o700) != 0 && errno != EEXIST {
            throw SandboxError.system(
                "making \(folder)", errno, remedy: "let the workspace be written to, or keep the data directory on its file system")
        }
        guard let own = TreePath(".sandlot").flatMap({ tree.folder($0) }) else {
            throw SandboxError(.conflict, "\(folder) is in the way", remedy: "remove it: Sandlot keeps there what it is about to write")
        }
        let ignore = OwnedDescriptor(openat(own.raw, ".gitignore", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600))
        if ignore.raw >= 0 { try ignore.write(Array("*\n".utf8)) }
        try HostDirectory.create(places[1], mode: 0o700)
        return Staging(path: places[1])
    }

    /// Removes it, and the folder in the tree when nothing else is in it.
    func remove(_ tree: HostTree) async throws {
        try await HostDirectory.remove(path)
        guard let own = TreePath(".sandlot").flatMap({ tree.folder($0) }) else { return }
        // Another session on the same tree may still work in it; an own marker file alone does not keep it.
        let names = try HostDirectory.names(in: tree.path.appending(".sandlot"))
        if names == [".gitignore"] {
            unlinkat(own.raw, ".gitignore", 0)
            unlinkat(tree.root.raw, ".sandlot", AT_REMOVEDIR)
        }
    }

    /// Lays down the journal: from here on a crash finishes the apply.
    func write(_ journal: ApplyJournal) throws {
        let directory = try Descriptors.directory(path)
        let name = Self.journalName + ".new"
        let file = OwnedDescriptor(openat(directory.raw, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard file.raw >= 0 else { throw SandboxError.system("writing the journal in \(path)", errno) }
        try file.write(journal.encoded())
        // One call for all that was staged is far less than one for each file.
        guard sandlot_sync_filesystem(file.raw) == 0 else { throw SandboxError.system("storing what was staged in \(path)", errno) }
        guard renameat(directory.raw, name, directory.raw, Self.journalName) == 0 else {
            throw SandboxError.system("naming the journal in \(path)", errno)
        }
        let folder = OwnedDescriptor(open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard folder.raw >= 0, fsync(folder.raw) == 0 else { throw SandboxError.system("storing the journal in \(path)", errno) }
    }

    /// The journal of a staging directory that a crash left; nil when nothing of it was applied.
    func journal() throws -> ApplyJournal? {
        try HostDirectory.contents(path.appending(Self.journalName), limit: 1 << 30).flatMap { ApplyJournal(decoding: $0) }
    }

    /// Which mount a directory lies on: within one, a rename is one step.
    private static func mount(of directory: OwnedDescriptor) throws -> String {
        let text =
            try HostDirectory.contents(FilePath("/proc/self/fdinfo/\(directory.raw)")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
        guard let line else { throw SandboxError(.unsupported, "the kernel does not tell on which mount a directory lies") }
        return String(line)
    }
}
