internal import Glibc
internal import GuestProtocol

/// Writes the regular files of a tree; any thread may.
struct FileWriting: Sendable {
    /// The root's path in messages.
    let label: [UInt8]
    let modeMask: UInt32

    /// Where a file goes.
    struct Place: Sendable {
        let folder: TreeFolder
        let directory: Descriptor
        let name: [UInt8]
        let entry: TreeEntry
    }

    /// A file whose content is on its way.
    struct OpenFile {
        let file: AtomicFile
        let entry: TreeEntry
        fileprivate let place: Place
        /// What has the name until then; opened when something of it is wanted.
        fileprivate var previous: Descriptor?
    }

    /// Starts a file. Throws `Refusal` when this entry cannot be taken but others may.
    func begin(_ place: Place) throws -> OpenFile {
        let path = label.appending(name: place.entry.path)
        if place.folder.isHidden, let file = AtomicFile(named: place.name, in: place.directory, label: path) {
            return OpenFile(file: file, entry: place.entry, place: place)
        }
        do {
            return OpenFile(file: try AtomicFile(in: place.directory, label: path), entry: place.entry, place: place)
        } catch let failure as GuestFailure {
            throw refusalOrFailure(failure.errno, "make the file", place.entry)
        }
    }

    /// Adds bytes that the file which has the name until now holds. Throws `Refusal` when it does not.
    func copy(_ offset: UInt64, _ length: UInt64, to open: inout OpenFile, between: () throws -> Void) throws {
        if open.previous == nil {
            open.previous = Descriptor.open(open.place.name, in: open.place.directory.number, flags: OpenFlag.content | O_NOFOLLOW)
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
                try open.file.commit(as: open.place.name, ifStill: replaced)
            } else {
                try open.file.commit(as: open.place.name, replacing: true)
            }
        } catch let failure as GuestFailure {
            throw refusalOrFailure(failure.errno, "make the file", open.entry)
        }
    }

    /// What concerns one entry refuses it; what will concern all of them fails the whole.
    func refusalOrFailure(_ number: Int32, _ action: String, _ entry: TreeEntry) -> any Error {
        let failure = GuestFailure.system(number, action, label.appending(name: entry.path))
        switch number {
        case EACCES, EPERM, EISDIR, ENOTDIR, ENOTEMPTY, EEXIST, ELOOP, ENAMETOOLONG, EINVAL, ENOENT, EBUSY, EXDEV, EILSEQ:
            return Refusal(number == EISDIR ? "a directory is in the way" : failure.message)
        default: return failure
        }
    }
}
