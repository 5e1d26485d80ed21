internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// What a host decided to replace or remove. When something else has the name by then, it is left alone: somebody inside was quicker.
enum Replaced {
    case nothing
    case node(changed: Int64, inode: UInt64)

    static let refusal = Refusal("it changed in the sandbox meanwhile")

    init(changed: Int64, inode: UInt64) {
        self = changed == TreeEntry.nothing ? .nothing : .node(changed: changed, inode: inode)
    }

    /// Nil for an entry that replaces whatever is there.
    init?(_ entry: TreeEntry) {
        guard entry.changed != 0 else { return nil }
        self.init(changed: entry.changed, inode: entry.inode)
    }

    /// The status of what has the name, if it is the expected node.
    func expected(_ name: [UInt8], in directory: Descriptor) throws -> Status {
        guard case .node(let changed, let inode) = self, let status = Status(name, in: directory.number), status.changed == changed,
            status.identity.inode == inode
        else { throw Replaced.refusal }
        return status
    }

    /// Gives `name` what `temporary` has, and `temporary` what had the name, if that is the expected node. False where the file system knows no
    /// exchange; then nothing was changed.
    func exchange(_ temporary: [UInt8], _ name: [UInt8], in directory: Descriptor) throws -> Bool {
        let before = try expected(name, in: directory)
        func swap() -> Bool {
            temporary.withPath { one in
                name.withPath { sandlot_rename_exchange(directory.number, one, directory.number, $0) }
            } == 0
        }
        guard swap() else {
            if errno == ENOENT { throw Replaced.refusal }
            return false
        }
        // Looked at again where nobody else finds it: what was written in between shows now.
        if let after = Status(temporary, in: directory.number), after.isMoved(before) { return true }
        _ = swap()
        throw Replaced.refusal
    }
}

extension Status {
    /// Whether this is what another status told of, after a rename: that sets the change time, and an overlay may give another inode.
    func isMoved(_ before: Status) -> Bool { kind == before.kind && size == before.size && modified == before.modified }
}

extension Removing {
    /// Removes what is no filled directory, if it is still what the host saw.
    static func remove(_ path: [UInt8], ifStill replaced: Replaced) throws {
        let (directory, name) = try Paths.openParent(of: path, "remove")
        guard Status(name, in: directory.number) != nil else { throw GuestFailure.last("remove", path) }
        let changed = GuestFailure(.alreadyExists, errno: EEXIST, message: Replaced.refusal.reason, path: path)
        guard let before = try? replaced.expected(name, in: directory) else { throw changed }
        if before.kind == .directory {
            guard name.withPath({ unlinkat(directory.number, $0, AT_REMOVEDIR) }) == 0 else { throw GuestFailure.last("remove", path) }
            return
        }
        // Out of everybody's sight first, so that what is looked at is what goes.
        let temporary = AtomicFile.temporaryName()
        func rename(_ from: [UInt8], _ to: [UInt8]) -> Bool {
            from.withPath { old in to.withPath { sandlot_rename_no_replace(directory.number, old, directory.number, $0) } } == 0
        }
        guard rename(name, temporary) else {
            guard errno == EINVAL || errno == ENOSYS || errno == EBUSY else { throw GuestFailure.last("remove", path) }
            guard name.withPath({ unlinkat(directory.number, $0, 0) }) == 0 else { throw GuestFailure.last("remove", path) }
            return
        }
        guard let after = Status(temporary, in: directory.number), after.isMoved(before) else {
            _ = rename(temporary, name)
            throw changed
        }
        guard temporary.withPath({ unlinkat(directory.number, $0, 0) }) == 0 else { throw GuestFailure.last("remove", path) }
    }
}
