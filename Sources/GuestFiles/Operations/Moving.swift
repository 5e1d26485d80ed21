internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// Moving nodes, across file systems too.
enum Moving {
    static func move(_ from: [UInt8], to: [UInt8], overwrite: Bool, in conversation: Conversation) throws {
        let source = try Paths.openParent(of: from, "move")
        let target = try Paths.openParent(of: to, "move to")
        if rename(source.name, in: source.directory, to: target.name, in: target.directory, overwrite: overwrite) { return }
        switch errno {
        case EXDEV: try copy(source, target, from, to, overwrite: overwrite, conversation)
        case EEXIST: throw GuestFailure.last("move to", to)
        case ENOTEMPTY, EISDIR: throw GuestFailure.last("move over", to)
        default: throw GuestFailure.last("move to \(to.shown)", from)
        }
    }

    private static func rename(_ from: [UInt8], in source: Descriptor, to: [UInt8], in target: Descriptor, overwrite: Bool) -> Bool {
        from.withPath { from in
            to.withPath { to in
                if !overwrite {
                    if sandlot_rename_no_replace(source.number, from, target.number, to) == 0 { return true }
                    // File systems without the flag say EINVAL, kernels without the call ENOSYS: then look first.
                    guard errno == EINVAL || errno == ENOSYS else { return false }
                    var status = stat()
                    if fstatat(target.number, to, &status, AT_SYMLINK_NOFOLLOW) == 0 {
                        errno = EEXIST
                        return false
                    }
                }
                return renameat(source.number, from, target.number, to) == 0
            }
        }
    }

    /// Copies beside the target under a temporary name, renames, and only then removes the source.
    private static func copy(
        _ source: (directory: Descriptor, name: [UInt8]), _ target: (directory: Descriptor, name: [UInt8]), _ from: [UInt8], _ to: [UInt8],
        overwrite: Bool, _ conversation: Conversation
    ) throws {
        if !overwrite, Status(target.name, in: target.directory.number) != nil { throw GuestFailure.system(EEXIST, "move to", to) }
        let temporary = AtomicFile.temporaryName()
        do {
            try TreeCopy.copy(source.name, in: source.directory, to: temporary, in: target.directory, label: from, conversation)
            guard rename(temporary, in: target.directory, to: target.name, in: target.directory, overwrite: overwrite) else {
                throw GuestFailure.last("move over", to)
            }
        } catch {
            discard(temporary, in: target.directory, to)
            throw error
        }
        if source.name.withPath({ unlinkat(source.directory.number, $0, 0) }) == 0 { return }
        guard errno == EISDIR || errno == EPERM else { throw GuestFailure.last("remove after it was copied", from) }
        try Removing.removeTree(source.name, in: source.directory, from, conversation)
    }

    private static func discard(_ name: [UInt8], in directory: Descriptor, _ label: [UInt8]) {
        if name.withPath({ unlinkat(directory.number, $0, 0) }) == 0 { return }
        // Its own conversation: a cancelled move must still clean up.
        let undisturbed = Conversation(stream: 0, outbox: Outbox(notify: {}), receivesContent: false)
        try? Removing.removeTree(name, in: directory, label, undisturbed)
    }
}
