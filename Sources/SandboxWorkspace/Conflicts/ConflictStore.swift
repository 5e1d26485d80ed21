import Glibc
import SandboxCore
import SandboxProcess
public import SystemPackage

/// The conflicts of a workspace on the host's disk: a folder for each, which has its name only when it is complete.
///
/// `facts` says what it is about, `host` and `sandbox` hold the content of files; a link's target is in the facts.
public struct ConflictStore: Sendable {
    let path: FilePath

    /// In a directory that need not exist.
    public init(_ path: FilePath) { self.path = path }

    /// Every conflict that is not settled, by path.
    public func all() throws -> [WorkspaceConflict] {
        try HostDirectory.names(in: path).filter { $0.hasPrefix("cfl-") && !$0.contains(".") }.compactMap { name in
            try HostDirectory.contents(path.appending(name).appending("facts")).map { try WorkspaceConflict(decoding: $0) }
        }.sorted { ($0.path, $0.id) < ($1.path, $1.id) }
    }

    /// One conflict by id, or by path when there is only one about it. Throws `notFound`.
    public func conflict(_ name: String) throws -> WorkspaceConflict {
        let found = try all().filter { $0.id == name || $0.path.description == name }
        guard let first = found.first else {
            throw SandboxError(.notFound, "there is no conflict '\(name.prefix(200))'", remedy: "list the session's conflicts")
        }
        guard found.count == 1 else {
            throw SandboxError(
                .conflict, "there are \(found.count) conflicts about '\(name.prefix(200))'",
                remedy: "name one by its id: \(found.map(\.id).joined(separator: ", "))")
        }
        return first
    }

    /// The kept content of a side; nil when it had no file there. At most `limit` bytes.
    public func content(of conflict: WorkspaceConflict, _ side: WorkspaceSide, limit: Int = 16 << 20) throws -> [UInt8]? {
        try HostDirectory.contents(folder(conflict).appending(side.rawValue), limit: limit)
    }

    static let baseName = "base"

    /// What both sides had before; nil when the session does not merge text.
    func base(of conflict: WorkspaceConflict) throws -> [UInt8]? {
        try HostDirectory.contents(folder(conflict).appending(Self.baseName), limit: TextMerge.largest)
    }

    func folder(_ conflict: WorkspaceConflict) -> FilePath { path.appending(conflict.id) }

    func has(_ conflict: WorkspaceConflict) -> Bool { HostDirectory.exists(folder(conflict)) }

    /// Keeps a conflict; `fill` copies content into its folder. Nothing happens when it is there already.
    func keep(_ conflict: WorkspaceConflict, _ fill: (FilePath) throws -> Void) async throws {
        guard !has(conflict) else { return }
        let temporary = path.appending(conflict.id + ".new")
        try await HostDirectory.remove(temporary)
        try HostDirectory.ensure(path, mode: 0o700)
        try HostDirectory.create(temporary, mode: 0o700)
        try fill(temporary)
        try HostDirectory.replace(temporary.appending("facts"), with: conflict.encoded())
        for folder in [temporary, path] {
            if folder == path {
                guard rename(temporary.string, self.folder(conflict).string) == 0 else {
                    throw SandboxError.system("naming the conflict \(conflict.id)", errno)
                }
            }
            let directory = OwnedDescriptor(open(folder.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
            guard directory.raw >= 0, fsync(directory.raw) == 0 else {
                throw SandboxError.system("storing the conflict in \(folder)", errno)
            }
        }
    }

    /// Forgets a conflict with its content.
    func remove(_ conflict: WorkspaceConflict) async throws {
        // The name goes in one step, so that a crash leaves no conflict without content.
        let gone = path.appending(conflict.id + ".gone")
        guard rename(folder(conflict).string, gone.string) == 0 || errno == ENOENT else {
            throw SandboxError.system("removing the conflict \(conflict.id)", errno)
        }
        try await HostDirectory.remove(gone)
    }

    /// Copies an open file under a new name.
    static func copy(_ file: OwnedDescriptor, to path: FilePath) throws {
        let copy = OwnedDescriptor(open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard copy.raw >= 0 else { throw SandboxError.system("making \(path)", errno) }
        while let piece = try file.readAvailable(limit: 1 << 20), !piece.isEmpty { try copy.write(piece) }
        guard fsync(copy.raw) == 0 else { throw SandboxError.system("storing \(path)", errno) }
    }
}
