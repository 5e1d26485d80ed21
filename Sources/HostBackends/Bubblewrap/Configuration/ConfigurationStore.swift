import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Keeps copies of the host's configuration, one directory for each version of it, which every sandbox of that version mounts read-only: one
/// mount instead of some fifty files handed to `bwrap` each time.
struct ConfigurationStore: Equatable {
    let directory: FilePath

    private static let draftPrefix = ".new-"
    /// A version that no sandbox was made with for so long, and that none has mounted, is removed.
    private static let keptFor = 24 * 3600

    /// Where a version is, or will be.
    func place(_ files: ConfigurationFiles) -> FilePath { directory.appending(files.fingerprint.text) }

    /// Makes the version unless it is there; a crash leaves it whole or not at all.
    func ensure(_ files: ConfigurationFiles) throws {
        let place = place(files)
        if HostDirectory.exists(place) {
            try check(place)
            // Says that it is in use before it is mounted.
            utimensat(AT_FDCWD, place.string, nil, 0)
            return
        }
        try HostDirectory.ensure(directory, mode: 0o711)
        try check(directory)
        let draft = directory.appending(Self.draftPrefix + "\(UInt64.random(in: 0 ... .max))")
        try HostDirectory.create(draft, mode: 0o755)
        do {
            for (path, entry) in files.entries { try make(entry, at: draft.appending(path)) }
            guard rename(draft.string, place.string) == 0 else {
                let number = errno
                // Somebody else was faster.
                guard number == ENOTEMPTY || number == EEXIST else { throw SandboxError.system("naming \(place)", number) }
                return try HostDirectory.removeSmall(draft)
            }
        } catch {
            try? HostDirectory.removeSmall(draft)
            throw error
        }
        prune(except: place)
    }

    /// Nobody but us may have written there.
    private func check(_ path: FilePath) throws {
        var status = stat()
        guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0
        else {
            throw SandboxError(
                .denied, "\(path) is not a directory that only Sandlot's user can write", remedy: "remove it", backend: BubblewrapBackend.id
            )
        }
    }

    private func make(_ entry: ConfigurationFiles.Entry, at path: FilePath) throws {
        switch entry {
        case .folder, .mountPoint(isFolder: true): try HostDirectory.create(path, mode: 0o755)
        case .link(let content):
            guard symlink(content, path.string) == 0 else { throw SandboxError.system("making the link \(path)", errno) }
        case .copy(let source, let isExecutable):
            // One that has gone since it was looked at is left out; the next sandbox has another fingerprint.
            guard let bytes = try HostDirectory.contents(source, limit: 4 << 20) else { return }
            try write(bytes, to: path, mode: isExecutable ? 0o755 : 0o644)
        case .text(let text): try write(Array(text.utf8), to: path, mode: 0o644)
        case .mountPoint(isFolder: false): try write([], to: path, mode: 0o644)
        }
    }

    private func write(_ bytes: [UInt8], to path: FilePath, mode: mode_t) throws {
        let file = OwnedDescriptor(open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard file.raw >= 0 else { throw SandboxError.system("writing \(path)", errno) }
        try file.write(bytes)
        guard fchmod(file.raw, mode) == 0 else { throw SandboxError.system("setting the mode of \(path)", errno) }
    }

    /// Best effort: what cannot be removed now is tried again with the next version.
    private func prune(except place: FilePath) {
        let old = ((try? HostDirectory.names(in: directory)) ?? []).filter { name in
            directory.appending(name) != place && HostDirectory.isStale(directory.appending(name), seconds: Self.keptFor)
        }
        guard !old.isEmpty else { return }
        // The kernel knows who still has one mounted, whichever Sandlot made it.
        let tables = ((try? HostDirectory.names(in: "/proc")) ?? []).compactMap { Int32($0) }.compactMap {
            KernelFile.text("/proc/\($0)/mountinfo")
        }
        for name in old where !tables.contains(where: { $0.contains("/\(name) ") }) {
            try? HostDirectory.removeSmall(directory.appending(name))
        }
    }
}
