internal import Glibc
internal import GuestProtocol

/// Writing content. A symbolic link at the end of the path is followed, as shells do: its target is written (and created when it is missing),
/// the link stays. A replaced file keeps its mode, unless another is asked for, and its owner where we may set it; other names of the same file
/// (hard links) keep the old content.
enum Writing {
    static func replace(_ path: [UInt8], options: WriteOptions, content: [UInt8]) throws {
        let target = try resolve(path, options)
        if options.appends {
            let file = try openInPlace(
                target.name, in: target.directory, flags: O_WRONLY | O_APPEND, creating: (options.mode ?? 0o644, options.exclusive), path)
            return try file.write(content, path)
        }
        let file = try AtomicFile(in: target.directory, label: path)
        try file.write(content)
        try commit(file, to: target, options)
    }

    static func stream(_ path: [UInt8], options: WriteOptions, from conversation: Conversation) throws {
        let target = try resolve(path, options)
        // An appending stream is collected first too: when it is broken off, nothing of it stays.
        let file = try AtomicFile(in: target.directory, label: path)
        try conversation.send(.response(.done))
        while true {
            switch try conversation.receive() {
            case .chunk(let bytes): try file.write(bytes)
            case .entry, .copy: throw GuestFailure.invalid("the host sent a part of a tree to a file", path)
            case .end:
                if options.appends {
                    try file.append(to: target.name, mode: options.mode ?? 0o644, exclusive: options.exclusive)
                } else {
                    try commit(file, to: target, options)
                }
                return
            }
        }
    }

    /// Opens a regular file to change it where it is.
    static func openInPlace(
        _ name: [UInt8], in directory: Descriptor, flags: Int32, creating: (mode: UInt32, exclusive: Bool)?, _ label: [UInt8]
    ) throws -> Descriptor {
        let flags = flags | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW
        if let creating {
            if let file = Descriptor.open(name, in: directory.number, flags: flags | O_CREAT | O_EXCL, mode: 0o600) {
                guard fchmod(file.number, mode_t(creating.mode & 0o7777)) == 0 else { throw GuestFailure.last("set the mode", label) }
                return file
            }
            guard errno == EEXIST, !creating.exclusive else { throw GuestFailure.last("create", label) }
        }
        guard let file = Descriptor.open(name, in: directory.number, flags: flags) else { throw GuestFailure.last("open to write", label) }
        try Reading.require(regular: try file.status(label), label)
        return file
    }

    private struct Target {
        let directory: Descriptor
        let name: [UInt8]
        let existing: Status?
    }

    private static func commit(_ file: AtomicFile, to target: Target, _ options: WriteOptions) throws {
        if let existing = target.existing, existing.userID != geteuid() || existing.groupID != getegid() {
            file.setOwner(user: existing.userID, group: existing.groupID)
        }
        try file.setMode(options.mode ?? target.existing?.mode ?? 0o644)
        try file.commit(as: target.name, replacing: !options.exclusive)
    }

    /// Finds the folder and name that are really written, behind the links at the end of the path.
    private static func resolve(_ path: [UInt8], _ options: WriteOptions) throws -> Target {
        var current = path
        for _ in 0...FileLimits.linksFollowed {
            try Paths.check(current)
            let (parent, name) = Paths.split(current)
            guard current.last != slash, !name.isEmpty, name != .dot, name != .dotDot else {
                throw GuestFailure(.isDirectory, errno: EISDIR, message: "the path names a directory", path: path)
            }
            let directory = try openParent(parent, createsParents: options.createsParents, path)
            guard let status = Status(name, in: directory.number) else {
                guard errno == ENOENT else { throw GuestFailure.last("look up", path) }
                return Target(directory: directory, name: name, existing: nil)
            }
            guard !options.exclusive else {
                throw GuestFailure(.alreadyExists, errno: EEXIST, message: "the path is taken", path: path)
            }
            guard status.kind == .symbolicLink else {
                try Reading.require(regular: status, path)
                return Target(directory: directory, name: name, existing: status)
            }
            guard let target = linkTarget(of: name, in: directory.number) else { throw GuestFailure.last("read the link", path) }
            current = target.first == slash ? target : parent.appending(name: target)
        }
        throw GuestFailure.system(ELOOP, "follow the links", path)
    }

    private static func openParent(_ parent: [UInt8], createsParents: Bool, _ path: [UInt8]) throws -> Descriptor {
        if let directory = Descriptor.open(parent, flags: OpenFlag.path | O_DIRECTORY) { return directory }
        guard errno == ENOENT, createsParents else { throw GuestFailure.last("open the folder to write", path) }
        try Nodes.makeDirectory(parent, mode: nil, parents: true)
        guard let directory = Descriptor.open(parent, flags: OpenFlag.path | O_DIRECTORY) else {
            throw GuestFailure.last("open the folder to write", path)
        }
        return directory
    }
}
