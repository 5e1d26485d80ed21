internal import Glibc
internal import GuestProtocol

/// Sends a tree, or the nodes of it that are named, in the order of the manifest.
///
/// A named directory is sent as an entry without its content: whoever names paths has seen the manifest and names all that he wants. A path that
/// does not exist (any longer), or that leads through a link, is left out. What cannot be read fails the export.
enum Exporting {
    static func send(_ path: [UInt8], paths: [[UInt8]], to conversation: Conversation) throws {
        let root = try Paths.openRoot(path)
        if paths.isEmpty {
            try TreeWalker(root: root, label: path, unreadable: .fails).walk { node in
                try send(node.name, in: node.directory, as: node.path, root: path, to: conversation)
                return .descend
            }
            return
        }
        var previous: [UInt8]?
        for relative in paths.sorted(by: Paths.precedes) where relative != previous {
            previous = relative
            let names: [[UInt8]]
            switch Paths.components(ofRelative: relative) {
            case .success(let components): names = components
            case .failure(let refusal): throw GuestFailure.invalid("cannot export: \(refusal.reason)", relative)
            }
            guard let name = names.last else { continue }
            var directory = root
            if names.count > 1 {
                guard let parent = Descriptor.openBeneath(names.dropLast(), in: root, flags: OpenFlag.path | O_DIRECTORY) else {
                    if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { continue }
                    throw GuestFailure.last("open the folder to export", path.appending(name: relative))
                }
                directory = parent
            }
            try send(name, in: directory, as: relative, root: path, to: conversation)
        }
    }

    private static func send(
        _ name: [UInt8], in directory: Descriptor, as path: [UInt8], root: [UInt8], to conversation: Conversation
    ) throws {
        guard let status = Status(name, in: directory.number) else {
            if errno == ENOENT { return }
            throw GuestFailure.last("stat to export", root.appending(name: path))
        }
        switch status.kind {
        case .symbolicLink:
            guard let target = linkTarget(of: name, in: directory.number) else { return }
            try conversation.send(status.entry(path: path, linkTarget: target))
        case .regular: try sendFile(name, in: directory, as: path, label: root.appending(name: path), to: conversation)
        default: try conversation.send(status.entry(path: path))
        }
    }

    private static func sendFile(
        _ name: [UInt8], in directory: Descriptor, as path: [UInt8], label: [UInt8], to conversation: Conversation
    ) throws {
        guard let file = Descriptor.open(name, in: directory.number, flags: OpenFlag.content | O_NOFOLLOW) else {
            if errno == ENOENT || errno == ELOOP { return }
            throw GuestFailure.last("open to export", label)
        }
        let status = try file.status(label)
        guard status.kind == .regular else { return }
        var entry = status.entry(path: path)
        if status.size <= Int64(FileLimits.content) {
            // A small file is read before it is announced: its size is then that of what is sent, whatever happens to the file. The size of
            // the files of /proc is 0, so they are sent empty rather than cut at random.
            let bytes = try file.read(Int(status.size), at: 0, label)
            entry.size = UInt64(bytes.count)
            try conversation.send(entry)
            return try conversation.send(content: bytes)
        }
        posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
        try conversation.send(entry)
        var position: Int64 = 0
        while position < status.size {
            let granted = try conversation.takeCredit(upTo: Int(min(status.size - position, Int64(FileLimits.content))))
            let bytes = try file.read(granted, at: position, label)
            guard bytes.count == granted else {
                throw GuestFailure(.internalError, message: "the file became shorter while it was sent", path: label)
            }
            position += Int64(granted)
            try conversation.send(.chunk(bytes))
        }
    }
}
