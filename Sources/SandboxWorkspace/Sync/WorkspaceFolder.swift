import Glibc
public import SandboxCore
import SandboxProcess
public import SystemPackage

/// A synced workspace whose index is kept in a folder: for whoever works with a sandbox that no engine of this machine has.
///
/// The folder is private and this workspace's alone. One call at a time works on it, whichever process makes it.
public struct WorkspaceFolder: Sendable {
    public let sync: WorkspaceSync
    let files: any SandboxFileSystem
    let root: FilePath
    let place: FilePath

    /// A workspace with its folder, which is made with the first call. `root` is the workspace inside.
    public init(_ sync: WorkspaceSync, files: any SandboxFileSystem, root: FilePath, place: FilePath) {
        self.sync = sync
        self.files = files
        self.root = root
        self.place = place
    }

    /// Brings the host's changes into the sandbox.
    public func push(progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }) async throws -> SyncReport {
        try await working(progress) { try await $0.push($1, save: $2).report }
    }

    /// Brings the sandbox's changes to the host.
    public func pull(progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }) async throws -> SyncReport {
        try await working(progress) { try await $0.pull($1, save: $2).report }
    }

    /// What a pull (`changes`) and a push (`pending`) would do.
    public func compare() async throws -> SyncReport { try await working({ _ in }) { work, base, _ in try await work.compare(base) } }

    /// What is kept of both sides' clashes.
    public var conflicts: ConflictStore { ConflictStore(place.appending("conflicts")) }

    /// Makes a conflict's version count on the host, or leaves it to the next push. Throws `conflict` when the host's is another one by now.
    public func takeSandbox(_ kept: WorkspaceConflict) async throws {
        try await settling(kept) { try await WorkspaceSynchronizer.putInPlace(kept, sync.directory, place: place) }
    }

    /// Puts both sides' changes of a text file together.
    public func merge(_ kept: WorkspaceConflict) async throws {
        try await settling(kept) { try await WorkspaceSynchronizer.putMerged(kept, sync.directory, place: place) }
    }

    /// Leaves the host's version, which the next push brings into the sandbox.
    public func takeHost(_ kept: WorkspaceConflict) async throws { try await settling(kept) {} }

    private func settling(_ kept: WorkspaceConflict, _ body: () async throws -> Void) async throws {
        try await locked {
            try await body()
            // The kept version is what both sides had last: whatever differs from it is that side's newer edit.
            var base = try index()
            base.settle(kept)
            try save(base)
            try await conflicts.forget(kept)
        }
    }

    private func working<Result: Sendable>(
        _ progress: @escaping @Sendable (SyncProgress) -> Void,
        _ body: (WorkspaceSynchronizer, BaseIndex, @escaping WorkspaceSynchronizer.Save) async throws -> Result
    ) async throws -> Result {
        try await locked {
            let keep: WorkspaceSynchronizer.Save = { try save($0) }
            // What a process that was killed left is finished first.
            let base = try await WorkspaceSynchronizer.recover(sync.directory, place: place, base: try index(), save: keep)
            let work = WorkspaceSynchronizer(sync, files: files, root: root, place: place, progress: progress)
            return try await body(work, base, keep)
        }
    }

    private var indexFile: FilePath { place.appending("index") }

    private func index() throws -> BaseIndex {
        guard let bytes = try HostDirectory.contents(indexFile, limit: 1 << 30) else { return BaseIndex() }
        return try BaseIndex(decoding: bytes)
    }

    private func save(_ index: BaseIndex) throws { try HostDirectory.replace(indexFile, with: index.encoded()) }

    /// The kernel drops the lock with the process, however that ends.
    private func locked<Result>(_ body: () async throws -> Result) async throws -> Result {
        try HostDirectory.ensure(place, mode: 0o700)
        let lock = OwnedDescriptor(open(place.appending("lock").string, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard lock.raw >= 0 else { throw SandboxError.system("opening the lock in \(place)", errno) }
        guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else {
            throw SandboxError(
                .conflict, "another command carries changes of \(sync.directory) over right now", remedy: "try again when it is done")
        }
        defer { lock.close() }
        return try await body()
    }
}
