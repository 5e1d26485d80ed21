internal import Glibc
internal import GuestProtocol

/// A file that gets its name only when it is complete. Until then it has none (O_TMPFILE), so that nothing is left behind even when the guest
/// is killed; where the file system or a missing /proc does not allow that, it has a temporary name in the same folder, which is removed when
/// this object goes.
///
/// Nothing is synced to the disk: a sandbox's files end with it, and a power cut is no concern of theirs.
final class AtomicFile {
    private let directory: Descriptor
    private let label: [UInt8]
    private var file: Descriptor
    private var temporary: [UInt8]?
    /// It has its own name already, in a folder that nobody sees yet.
    private var isNamed = false

    /// Whether an unnamed file can be given a name: that goes through /proc/self/fd.
    private static let canLinkUnnamed = access("/proc/self/fd", X_OK) == 0

    /// Starts a file in `directory`; `label` is the path that messages name.
    init(in directory: Descriptor, label: [UInt8]) throws {
        self.directory = directory
        self.label = label
        if AtomicFile.canLinkUnnamed,
            let file = Descriptor.open(.dot, in: directory.number, flags: OpenFlag.unnamed | O_RDWR, mode: 0o600)
        {
            self.file = file
            return
        }
        for _ in 0..<16 {
            let name = AtomicFile.temporaryName()
            if let file = Descriptor.open(name, in: directory.number, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) {
                self.file = file
                temporary = name
                return
            }
            guard errno == EEXIST else { break }
        }
        throw GuestFailure.last("create a temporary file to write", label)
    }

    /// Starts a file under its own name, in a folder that nobody sees before it is complete; nil when the name is taken there.
    init?(named name: [UInt8], in directory: Descriptor, label: [UInt8]) {
        guard let file = Descriptor.open(name, in: directory.number, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) else {
            return nil
        }
        (self.directory, self.label, self.file) = (directory, label, file)
        temporary = name
        isNamed = true
    }

    deinit {
        if let temporary { _ = temporary.withPath { unlinkat(directory.number, $0, 0) } }
    }

    func write(_ bytes: [UInt8]) throws { try file.write(bytes, label) }

    func setMode(_ mode: UInt32) throws {
        guard fchmod(file.number, mode_t(mode & 0o7777)) == 0 else { throw GuestFailure.last("set the mode", label) }
    }

    /// What is known of it now.
    var status: Status? { try? file.status(label) }

    /// Best effort: only root may give files away. Clears set-id bits, so it goes before `setMode`.
    func setOwner(user: uid_t, group: gid_t) { _ = fchown(file.number, user, group) }

    func setModified(_ nanoseconds: Int64) throws {
        guard futimens(file.number, Times.pair(nanoseconds)) == 0 else { throw GuestFailure.last("set the modification time", label) }
    }

    /// Gives the file its name. What has the name already is replaced in one step, unless `replacing` is false.
    func commit(as name: [UInt8], replacing: Bool) throws {
        if isNamed { return temporary = nil }
        if temporary == nil {
            if link(as: name) { return }
            if errno == EEXIST {
                guard replacing else { throw GuestFailure.last("create", label) }
                let name = AtomicFile.temporaryName()
                guard link(as: name) else { throw GuestFailure.last("create a temporary name to write", label) }
                temporary = name
            } else {
                // Some file systems make unnamed files and cannot name them.
                try moveToNamedFile()
            }
        }
        guard let temporary else { return }
        guard replacing else {
            let result = temporary.withPath { old in name.withPath { linkat(directory.number, old, directory.number, $0, 0) } }
            guard result == 0 else { throw GuestFailure.last("create", label) }
            return  // The temporary name goes with this object.
        }
        let result = temporary.withPath { old in name.withPath { renameat(directory.number, old, directory.number, $0) } }
        if result == 0 {
            self.temporary = nil
        } else if errno == EBUSY {
            // A file that is a mount point of its own (/etc/hosts in a container) cannot be replaced, only rewritten.
            try copy(toExisting: name, flags: O_WRONLY | O_TRUNC)
        } else {
            throw GuestFailure.last("replace", label)
        }
    }

    /// Gives the file its name if what has the name is what the host saw. Throws a `Refusal` when it is not.
    func commit(as name: [UInt8], ifStill replaced: Replaced) throws {
        if isNamed { return temporary = nil }
        if case .nothing = replaced {
            do {
                return try commit(as: name, replacing: false)
            } catch let failure as GuestFailure where failure.errno == EEXIST { throw Replaced.refusal }
        }
        let temporary: [UInt8]
        if let known = self.temporary {
            temporary = known
        } else {
            temporary = AtomicFile.temporaryName()
            if link(as: temporary) { self.temporary = temporary } else { try moveToNamedFile() }
        }
        // What was replaced has the temporary name then, and goes with this object.
        if try replaced.exchange(self.temporary ?? temporary, name, in: directory) { return }
        try commit(as: name, replacing: true)
    }

    /// Adds bytes of another file; false when that has not so many.
    func copy(_ length: UInt64, at offset: UInt64, from source: Descriptor, between: () throws -> Void) throws -> Bool {
        guard var position = Int64(exactly: offset), var rest = Int64(exactly: length) else { return false }
        while rest > 0 {
            try between()
            let bytes = try source.read(Int(min(rest, Int64(FileLimits.content))), at: position, label)
            if bytes.isEmpty { return false }
            try file.write(bytes, label)
            position += Int64(bytes.count)
            rest -= Int64(bytes.count)
        }
        return true
    }

    /// Adds the content to the end of `name`, which is created with `mode` when it is missing.
    func append(to name: [UInt8], mode: UInt32, exclusive: Bool) throws {
        try copy(toExisting: name, flags: O_WRONLY | O_APPEND, creating: (mode, exclusive))
    }

    private func copy(toExisting name: [UInt8], flags: Int32, creating: (mode: UInt32, exclusive: Bool)? = nil) throws {
        let target = try Writing.openInPlace(name, in: directory, flags: flags, creating: creating, label)
        var position: Int64 = 0
        while true {
            let bytes = try file.read(FileLimits.content, at: position, label)
            if bytes.isEmpty { return }
            try target.write(bytes, label)
            position += Int64(bytes.count)
        }
    }

    /// Copies what has been written to a new file with a temporary name, which takes the place of the unnamed one.
    private func moveToNamedFile() throws {
        let old = file
        let status = try old.status(label)
        let name = AtomicFile.temporaryName()
        guard let new = Descriptor.open(name, in: directory.number, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) else {
            throw GuestFailure.last("create a temporary file to write", label)
        }
        temporary = name
        file = new
        var position: Int64 = 0
        while true {
            let bytes = try old.read(FileLimits.content, at: position, label)
            if bytes.isEmpty { break }
            try new.write(bytes, label)
            position += Int64(bytes.count)
        }
        setOwner(user: status.userID, group: status.groupID)
        try setMode(status.mode)
        try setModified(status.modified)
    }

    private func link(as name: [UInt8]) -> Bool {
        let source = Array("/proc/self/fd/\(file.number)".utf8)
        return source.withPath { old in
            name.withPath { linkat(AT_FDCWD, old, directory.number, $0, AT_SYMLINK_FOLLOW) }
        } == 0
    }

    /// A name that nothing else uses, in any folder.
    static func temporaryName() -> [UInt8] { Array(".sandlot-\(String(UInt64.random(in: .min ... .max), radix: 36))".utf8) }
}
