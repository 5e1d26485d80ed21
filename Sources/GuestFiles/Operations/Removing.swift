internal import Glibc
internal import GuestProtocol

/// Removing nodes and trees. Links are removed, never followed; a tree may be deeper than any path is long. A
/// read-only directory of our own does not protect its content: it is made writable first (tool caches are often read-only).
enum Removing {
    static func remove(_ path: [UInt8], recursive: Bool, in conversation: Conversation) throws {
        let (directory, name) = try Paths.openParent(of: path, "remove")
        guard let status = Status(name, in: directory.number) else { throw GuestFailure.last("remove", path) }
        guard status.kind == .directory else {
            guard name.withPath({ unlinkat(directory.number, $0, 0) }) == 0 else { throw GuestFailure.last("remove", path) }
            return
        }
        if name.withPath({ unlinkat(directory.number, $0, AT_REMOVEDIR) }) == 0 { return }
        guard recursive, errno == ENOTEMPTY || errno == EEXIST else { throw GuestFailure.last("remove", path) }
        try removeTree(name, in: directory, path, conversation)
    }

    /// One directory on the way down.
    private struct Level {
        let name: [UInt8]
        let identity: Identity
        var descriptor: Descriptor?
        var subdirectories: NameList
        var next = 0
        var attempts = 0
    }

    static func removeTree(_ name: [UInt8], in directory: Descriptor, _ path: [UInt8], _ conversation: Conversation?) throws {
        var levels = [try enter(name, in: directory, path, conversation)]
        while let depth = levels.indices.last {
            guard let here = levels[depth].descriptor else { return }
            if levels[depth].next < levels[depth].subdirectories.count {
                let child = levels[depth].subdirectories.name(levels[depth].next)
                levels[depth].next += 1
                if child.withPath({ unlinkat(here.number, $0, AT_REMOVEDIR) }) == 0 || errno == ENOENT { continue }
                guard errno == ENOTEMPTY || errno == EEXIST else { throw GuestFailure.last("remove the directory \(child.shown) in", path) }
                if depth >= FileLimits.openDirectories { levels[depth - FileLimits.openDirectories].descriptor = nil }
                levels.append(try enter(child, in: here, path, conversation))
                continue
            }
            let parent: Descriptor
            if depth == 0 {
                parent = directory
            } else if let open = levels[depth - 1].descriptor {
                parent = open
            } else {
                parent = try reopen(above: here, levels[depth - 1].identity, path)
                levels[depth - 1].descriptor = parent
            }
            let result = levels[depth].name.withPath { unlinkat(parent.number, $0, AT_REMOVEDIR) }
            if result == 0 || errno == ENOENT {
                levels.removeLast()
            } else if errno == ENOTEMPTY || errno == EEXIST, levels[depth].attempts < 8 {
                // Something was added meanwhile, or the file system skipped names because others went.
                levels[depth].subdirectories = try unlinkFiles(in: here, path, conversation)
                levels[depth].next = 0
                levels[depth].attempts += 1
            } else {
                throw GuestFailure.last("remove the directory \(levels[depth].name.shown) in", path)
            }
        }
    }

    private static func enter(_ name: [UInt8], in directory: Descriptor, _ path: [UInt8], _ conversation: Conversation?) throws -> Level {
        guard let descriptor = Descriptor.open(name, in: directory.number, flags: OpenFlag.directory) else {
            throw GuestFailure.last("open the directory \(name.shown) to remove", path)
        }
        let status = try descriptor.status(path)
        if status.userID == geteuid(), status.userID != 0, status.mode & 0o700 != 0o700 {
            _ = fchmod(descriptor.number, mode_t(status.mode | 0o700))
        }
        return Level(
            name: name, identity: status.identity, descriptor: descriptor,
            subdirectories: try unlinkFiles(in: descriptor, path, conversation))
    }

    /// Removes everything but directories, whose names are returned.
    private static func unlinkFiles(in directory: Descriptor, _ path: [UInt8], _ conversation: Conversation?) throws -> NameList {
        var subdirectories = NameList()
        guard let reader = DirectoryReader(directory) else { throw GuestFailure.last("read a directory to remove", path) }
        var count = 0
        do {
            while try reader.next({ name, kind in
                if kind == .directory { return subdirectories.append(name, kind) }
                let bytes = Array(name)
                if bytes.withPath({ unlinkat(directory.number, $0, 0) }) == 0 || errno == ENOENT { return }
                let number = errno
                guard kind == nil, Status(bytes, in: directory.number)?.kind == .directory else {
                    throw GuestFailure.system(number, "remove \(bytes.shown) in", path)
                }
                subdirectories.append(name, .directory)
            }) {
                count += 1
                if count % 256 == 0 { try conversation?.checkStopped() }
            }
        } catch let error as DirectoryReader.ReadError {
            throw GuestFailure.system(error.number, "read a directory to remove", path)
        }
        try conversation?.checkStopped()
        return subdirectories
    }

    /// Opens the directory above `child`, and makes sure that it is the one that the walk came from.
    static func reopen(above child: Descriptor, _ identity: Identity, _ path: [UInt8]) throws -> Descriptor {
        guard let parent = Descriptor.open(.dotDot, in: child.number, flags: OpenFlag.directory) else {
            throw GuestFailure.last("go back up in", path)
        }
        guard try parent.status(path).identity == identity else {
            throw GuestFailure(.internalError, message: "a directory was moved away during the walk of", path: path)
        }
        return parent
    }
}
