internal import Glibc
internal import GuestProtocol

/// Copies a node with all below it, for moves across file systems. Modes, times and (where we may) owners are kept; hard links become files of
/// their own; devices and sockets cannot be copied.
enum TreeCopy {
    static func copy(
        _ name: [UInt8], in source: Descriptor, to target: [UInt8], in directory: Descriptor, label: [UInt8], _ conversation: Conversation
    ) throws {
        guard let status = Status(name, in: source.number) else { throw GuestFailure.last("stat to copy", label) }
        let writer = TreeWriter(root: directory, label: label, keepsSetID: true)
        try copyNode(name, in: source, status, as: target, writer, label, conversation)
        if status.kind == .directory {
            guard let root = Descriptor.open(name, in: source.number, flags: OpenFlag.directory) else {
                throw GuestFailure.last("open to copy", label)
            }
            try TreeWalker(root: root, label: label, unreadable: .fails).walk { node in
                try conversation.checkStopped()
                guard let status = node.status() else { return .skip }
                try copyNode(node.name, in: node.directory, status, as: target.appending(name: node.path), writer, label, conversation)
                return .descend
            }
        }
        writer.finish()
    }

    private static func copyNode(
        _ name: [UInt8], in source: Descriptor, _ status: Status, as path: [UInt8], _ writer: TreeWriter, _ label: [UInt8],
        _ conversation: Conversation
    ) throws {
        func entry(_ target: [UInt8] = []) -> TreeEntry {
            var entry = status.entry(path: path, linkTarget: target)
            // For a writer it says what must be there already.
            entry.changed = 0
            return entry
        }
        do {
            guard status.kind == .regular else {
                let target = status.kind == .symbolicLink ? linkTarget(of: name, in: source.number) ?? [] : []
                return try writer.make(entry(target))
            }
            guard let file = Descriptor.open(name, in: source.number, flags: OpenFlag.content | O_NOFOLLOW) else {
                throw GuestFailure.last("open to copy", label)
            }
            let open = try writer.writing.begin(try writer.place(entry()))
            var position: Int64 = 0
            while true {
                try conversation.checkStopped()
                let bytes = try file.read(FileLimits.content, at: position, label)
                if bytes.isEmpty { break }
                try open.file.write(bytes)
                position += Int64(bytes.count)
            }
            open.file.setOwner(user: status.userID, group: status.groupID)
            try writer.writing.commit(open)
        } catch let refusal as Refusal {
            throw GuestFailure(.unsupported, message: "cannot copy to another file system: \(refusal.reason)", path: label)
        }
    }
}
