internal import Glibc
internal import GuestProtocol

/// Writes entries below a root, and nothing anywhere else: every folder on the way is opened name by name from the root without passing a link, and
/// nodes are made by name in the folder that is open.
///
/// What stands in the way of an entry is replaced, except that a directory never gives way to something else, nor anything else to a directory: such an
/// entry is refused. Missing folders are made. Set-user-ID and set-group-ID bits are dropped unless `keepsSetID`; the sticky bit stays. A
/// directory gets its mode and time when the entries leave it, so they should come in the order of the manifest.
final class TreeWriter {
    private struct Level {
        let name: [UInt8]
        /// Nil when it was closed because many others are open.
        var descriptor: Descriptor?
        var final: (mode: UInt32, modified: Int64)?
    }

    private let root: Descriptor
    private let label: [UInt8]
    private let modeMask: UInt32
    private var levels: [Level] = []

    /// Writes below `root`; `label` is its path in messages.
    init(root: Descriptor, label: [UInt8], keepsSetID: Bool = false) {
        self.root = root
        self.label = label
        modeMask = keepsSetID ? 0o7777 : 0o1777
    }

    /// A regular file whose content is on its way.
    struct OpenFile {
        let file: AtomicFile
        let name: [UInt8]
        let entry: TreeEntry
        fileprivate let directory: Descriptor
        /// What has the name until then; opened when something of it is wanted.
        fileprivate var previous: Descriptor?
    }

    /// Makes a directory, link or FIFO. Throws `Refusal` when this entry cannot be taken but others may.
    func make(_ entry: TreeEntry) throws {
        let names = try Paths.components(ofRelative: entry.path).get()
        guard let name = names.last else { return }
        switch entry.kind {
        case .directory: try makeDirectory(names, entry)
        case .symbolicLink: try makeLink(name, in: try enter(names.dropLast(), entry), entry)
        case .fifo: try makeFIFO(name, in: try enter(names.dropLast(), entry), entry)
        case .regular: throw Refusal("a regular file needs content")
        case .socket, .characterDevice, .blockDevice: throw Refusal("it is \(entry.kind.shown)")
        }
    }

    /// Starts a regular file. Throws `Refusal` when this entry cannot be taken but others may.
    func begin(_ entry: TreeEntry) throws -> OpenFile {
        let names = try Paths.components(ofRelative: entry.path).get()
        guard let name = names.last else { throw Refusal("the path is empty") }
        guard name.count <= 255 else { throw Refusal("the name is longer than 255 bytes") }
        let directory = try enter(names.dropLast(), entry)
        if Status(name, in: directory.number)?.kind == .directory { throw Refusal("a directory is in the way") }
        do {
            return OpenFile(
                file: try AtomicFile(in: directory, label: label.appending(name: entry.path)), name: name, entry: entry,
                directory: directory)
        } catch let failure as GuestFailure {
            throw refusalOrFailure(failure.errno, "make the file", entry)
        }
    }

    /// Adds bytes that the file which has the name until now holds. Throws `Refusal` when it does not.
    func copy(_ offset: UInt64, _ length: UInt64, to open: inout OpenFile, between: () throws -> Void) throws {
        if open.previous == nil {
            open.previous = Descriptor.open(open.name, in: open.directory.number, flags: OpenFlag.content | O_NOFOLLOW)
        }
        guard let previous = open.previous, try previous.status(open.entry.path).kind == .regular,
            try open.file.copy(length, at: offset, from: previous, between: between)
        else { throw Replaced.refusal }
    }

    /// Gives a file whose content is complete its mode, its time and its name.
    func commit(_ open: OpenFile) throws {
        do {
            try open.file.setMode(open.entry.mode & modeMask)
            try open.file.setModified(open.entry.modified)
            if let replaced = Replaced(open.entry) {
                try open.file.commit(as: open.name, ifStill: replaced)
            } else {
                try open.file.commit(as: open.name, replacing: true)
            }
        } catch let failure as GuestFailure {
            throw refusalOrFailure(failure.errno, "make the file", open.entry)
        }
    }

    /// Gives the directories that are still open their modes and times.
    func finish() {
        while !levels.isEmpty { leave() }
    }

    // MARK: Folders

    /// The folder with these names, made when it is missing.
    private func enter(_ names: ArraySlice<[UInt8]>, _ entry: TreeEntry) throws -> Descriptor {
        var common = 0
        while common < levels.count, common < names.count, levels[common].name == names[names.startIndex + common] { common += 1 }
        while levels.count > common { leave() }
        for name in names.dropFirst(common) { _ = try push(name, mode: 0o755, entry) }
        return try descriptor(of: levels.count - 1, entry)
    }

    private func push(_ name: [UInt8], mode: mode_t, _ entry: TreeEntry) throws -> Descriptor {
        let parent = try descriptor(of: levels.count - 1, entry)
        var child = Descriptor.openBeneath([name], in: parent, flags: O_RDONLY | O_DIRECTORY)
        if child == nil, errno == ENOENT {
            guard name.withPath({ mkdirat(parent.number, $0, mode) }) == 0 || errno == EEXIST else {
                throw refusalOrFailure(errno, "make the folder", entry)
            }
            child = Descriptor.openBeneath([name], in: parent, flags: O_RDONLY | O_DIRECTORY)
        }
        guard let child else {
            if errno == ELOOP || errno == ENOTDIR { throw Refusal("\(name.shown) on its way is not a directory") }
            throw refusalOrFailure(errno, "open the folder", entry)
        }
        if levels.count >= FileLimits.openDirectories { levels[levels.count - FileLimits.openDirectories].descriptor = nil }
        levels.append(Level(name: name, descriptor: child))
        return child
    }

    /// The descriptor of a level, opened again from the root when it was closed.
    private func descriptor(of index: Int, _ entry: TreeEntry) throws -> Descriptor {
        guard index >= 0 else { return root }
        if let open = levels[index].descriptor { return open }
        let names = levels[0...index].map(\.name)
        guard let open = Descriptor.openBeneath(names[...], in: root, flags: O_RDONLY | O_DIRECTORY) else {
            throw refusalOrFailure(errno, "open the folder again", entry)
        }
        levels[index].descriptor = open
        return open
    }

    private func leave() {
        guard let last = levels.last else { return }
        // A folder that was moved away meanwhile keeps the mode and time that it has.
        if let final = last.final,
            let open = try? descriptor(of: levels.count - 1, TreeEntry(path: [], kind: .directory, mode: 0, size: 0, modified: 0))
        {
            _ = fchmod(open.number, mode_t(final.mode))
            _ = futimens(open.number, Times.pair(final.modified))
        }
        levels.removeLast()
    }

    // MARK: Nodes

    private func makeDirectory(_ names: [[UInt8]], _ entry: TreeEntry) throws {
        guard let name = names.last else { return }
        let isOpen = levels.count >= names.count && zip(levels, names).allSatisfy { $0.name == $1 }
        if isOpen {
            while levels.count > names.count { leave() }
        } else {
            _ = try enter(names.dropLast(), entry)
            let directory = try push(name, mode: 0o700, entry)
            // An existing folder that its owner cannot write to must be filled first.
            if let mode = try? directory.status(entry.path).mode, mode & 0o700 != 0o700 {
                _ = fchmod(directory.number, mode_t(mode | 0o700))
            }
        }
        levels[names.count - 1].final = (entry.mode & modeMask, entry.modified)
    }

    private func makeLink(_ name: [UInt8], in directory: Descriptor, _ entry: TreeEntry) throws {
        guard !entry.linkTarget.isEmpty, !entry.linkTarget.contains(0), entry.linkTarget.count <= FileLimits.linkTarget else {
            throw Refusal("the link's target is empty, too long or contains NUL")
        }
        func link(_ name: [UInt8]) -> Bool {
            entry.linkTarget.withPath { target in name.withPath { symlinkat(target, directory.number, $0) } } == 0
        }
        if !link(name) {
            guard errno == EEXIST else { throw refusalOrFailure(errno, "make the link", entry) }
            let temporary = AtomicFile.temporaryName()
            let replaced = Replaced(entry)
            if case .nothing? = replaced { throw Replaced.refusal }
            guard link(temporary) else { throw refusalOrFailure(errno, "make the link", entry) }
            if let replaced {
                // What was replaced has the temporary name then.
                func clean() { _ = temporary.withPath { unlinkat(directory.number, $0, 0) } }
                do {
                    if try replaced.exchange(temporary, name, in: directory) {
                        clean()
                        return setTime(name, directory, entry)
                    }
                } catch {
                    clean()
                    throw error
                }
            }
            let result = temporary.withPath { old in name.withPath { renameat(directory.number, old, directory.number, $0) } }
            if result != 0 {
                let number = errno
                _ = temporary.withPath { unlinkat(directory.number, $0, 0) }
                throw refusalOrFailure(number, "replace by the link", entry)
            }
        }
        setTime(name, directory, entry)
    }

    private func setTime(_ name: [UInt8], _ directory: Descriptor, _ entry: TreeEntry) {
        _ = name.withPath { utimensat(directory.number, $0, Times.pair(entry.modified), AT_SYMLINK_NOFOLLOW) }
    }

    private func makeFIFO(_ name: [UInt8], in directory: Descriptor, _ entry: TreeEntry) throws {
        if name.withPath({ mkfifoat(directory.number, $0, mode_t(entry.mode & 0o777)) }) != 0 {
            guard errno == EEXIST, Status(name, in: directory.number)?.kind == .fifo else {
                throw refusalOrFailure(errno, "make the FIFO", entry)
            }
        }
        setTime(name, directory, entry)
    }

    /// What concerns one entry refuses it; what will concern all of them fails the whole.
    private func refusalOrFailure(_ number: Int32, _ action: String, _ entry: TreeEntry) -> any Error {
        let failure = GuestFailure.system(number, action, label.appending(name: entry.path))
        switch number {
        case EACCES, EPERM, EISDIR, ENOTDIR, ENOTEMPTY, EEXIST, ELOOP, ENAMETOOLONG, EINVAL, ENOENT, EBUSY, EXDEV, EILSEQ:
            return Refusal(number == EISDIR ? "a directory is in the way" : failure.message)
        default: return failure
        }
    }
}
