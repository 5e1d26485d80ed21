internal import Glibc
internal import GuestProtocol

/// Writes entries below a root, and nothing anywhere else: every folder on the way is opened name by name from the root without passing a link, and
/// nodes are made by name in the folder that is open.
///
/// What stands in the way of an entry is replaced, except that a directory never gives way to something else, nor anything else to a directory: such an
/// entry is refused. Missing folders are made. Set-user-ID and set-group-ID bits are dropped unless `keepsSetID`; the sticky bit stays. A
/// directory gets its mode and time when the entries leave it, so they should come in the order of the manifest.
final class TreeWriter {
    let writing: FileWriting
    private let root: TreeFolder
    /// Told of what cannot get its place after all.
    private let refuse: ([UInt8], String) -> Void
    private var levels: [TreeFolder] = []

    /// Writes below `root`; `label` is its path in messages.
    init(root: Descriptor, label: [UInt8], keepsSetID: Bool = false, refuse: @escaping ([UInt8], String) -> Void = { _, _ in }) {
        self.root = TreeFolder(root: root)
        self.refuse = refuse
        writing = FileWriting(label: label, modeMask: keepsSetID ? 0o7777 : 0o1777)
    }

    var label: [UInt8] { writing.label }

    /// Makes a directory, link or FIFO. Throws `Refusal` when this entry cannot be taken but others may.
    func make(_ entry: TreeEntry) throws {
        let names = try Paths.components(ofRelative: entry.path).get()
        guard let name = names.last else { return }
        switch entry.kind {
        case .directory: try makeDirectory(names, entry)
        case .symbolicLink: try makeLink(name, in: try open(try enter(names.dropLast(), entry), entry), entry)
        case .fifo: try makeFIFO(name, in: try open(try enter(names.dropLast(), entry), entry), entry)
        case .regular: throw Refusal("a regular file needs content")
        case .socket, .characterDevice, .blockDevice: throw Refusal("it is \(entry.kind.shown)")
        }
    }

    /// Where a regular file goes, whose folder is made when it is missing. Throws `Refusal` when this entry cannot be taken but others may.
    func place(_ entry: TreeEntry) throws -> FileWriting.Place {
        let names = try Paths.components(ofRelative: entry.path).get()
        guard let name = names.last else { throw Refusal("the path is empty") }
        guard name.count <= 255 else { throw Refusal("the name is longer than 255 bytes") }
        let folder = try enter(names.dropLast(), entry)
        let directory = try open(folder, entry)
        // Here and not when it is written, so that entries before a mistaken one have no say in it, whichever thread is the quicker one.
        if !folder.isHidden, Status(name, in: directory.number)?.kind == .directory { throw Refusal("a directory is in the way") }
        return FileWriting.Place(folder: folder, directory: directory, name: name, entry: entry)
    }

    /// Gives the directories that are still open their modes and times.
    func finish() {
        while !levels.isEmpty { leave() }
    }

    // MARK: Folders

    /// The folder with these names, made when it is missing.
    private func enter(_ names: ArraySlice<[UInt8]>, _ entry: TreeEntry) throws -> TreeFolder {
        var common = 0
        while common < levels.count, common < names.count, levels[common].name == names[names.startIndex + common] { common += 1 }
        while levels.count > common { leave() }
        for name in names.dropFirst(common) { _ = try push(name, mode: 0o755, entry) }
        return levels.last ?? root
    }

    /// Enters a folder, or makes it: hidden when nothing may be in its place.
    private func push(_ name: [UInt8], mode: mode_t, _ entry: TreeEntry, hides: Bool = false) throws -> TreeFolder {
        let folder = levels.last ?? root
        let parent = try open(folder, entry)
        var hiddenName: [UInt8]?
        var child = folder.isHidden ? nil : Descriptor.openBeneath([name], in: parent, flags: O_RDONLY | O_DIRECTORY)
        if child == nil, folder.isHidden || errno == ENOENT {
            if hides, !folder.isHidden { hiddenName = AtomicFile.temporaryName() }
            let ownName = hiddenName ?? name
            guard ownName.withPath({ mkdirat(parent.number, $0, mode) }) == 0 || errno == EEXIST else {
                throw writing.refusalOrFailure(errno, "make the folder", entry)
            }
            child = Descriptor.openBeneath([ownName], in: parent, flags: O_RDONLY | O_DIRECTORY)
        }
        guard let child else {
            if errno == ELOOP || errno == ENOTDIR { throw Refusal("\(name.shown) on its way is not a directory") }
            throw writing.refusalOrFailure(errno, "open the folder", entry)
        }
        if levels.count >= FileLimits.openDirectories { levels[levels.count - FileLimits.openDirectories].close() }
        let made = TreeFolder(name, in: folder, child, hiddenName: hiddenName)
        levels.append(made)
        return made
    }

    private func open(_ folder: TreeFolder, _ entry: TreeEntry) throws -> Descriptor {
        do {
            return try folder.open()
        } catch let failure as GuestFailure {
            throw writing.refusalOrFailure(failure.errno, "open the folder again", entry)
        }
    }

    private func leave() { levels.popLast()?.letGo(refuse) }

    // MARK: Nodes

    private func makeDirectory(_ names: [[UInt8]], _ entry: TreeEntry) throws {
        guard let name = names.last else { return }
        let isOpen = levels.count >= names.count && zip(levels, names).allSatisfy { $0.name == $1 }
        if isOpen {
            while levels.count > names.count { leave() }
        } else {
            _ = try enter(names.dropLast(), entry)
            var hides = false
            if case .nothing? = Replaced(entry) { hides = true }
            let directory = try open(try push(name, mode: 0o700, entry, hides: hides), entry)
            // An existing folder that its owner cannot write to must be filled first.
            if let mode = try? directory.status(entry.path).mode, mode & 0o700 != 0o700 {
                _ = fchmod(directory.number, mode_t(mode | 0o700))
            }
        }
        levels[names.count - 1].final = (entry.mode & writing.modeMask, entry.modified)
    }

    private func makeLink(_ name: [UInt8], in directory: Descriptor, _ entry: TreeEntry) throws {
        guard !entry.linkTarget.isEmpty, !entry.linkTarget.contains(0), entry.linkTarget.count <= FileLimits.linkTarget else {
            throw Refusal("the link's target is empty, too long or contains NUL")
        }
        func link(_ name: [UInt8]) -> Bool {
            entry.linkTarget.withPath { target in name.withPath { symlinkat(target, directory.number, $0) } } == 0
        }
        if !link(name) {
            guard errno == EEXIST else { throw writing.refusalOrFailure(errno, "make the link", entry) }
            let temporary = AtomicFile.temporaryName()
            let replaced = Replaced(entry)
            if case .nothing? = replaced { throw Replaced.refusal }
            guard link(temporary) else { throw writing.refusalOrFailure(errno, "make the link", entry) }
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
                throw writing.refusalOrFailure(number, "replace by the link", entry)
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
                throw writing.refusalOrFailure(errno, "make the FIFO", entry)
            }
        }
        setTime(name, directory, entry)
    }
}
