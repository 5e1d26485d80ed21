internal import Glibc
internal import GuestProtocol

/// Streams what a tree holds: an entry per node below the root.
///
/// Order: parents before their content; the nodes of a directory by the bytes of their names, as unsigned numbers; all that lies below a
/// directory directly after it. Equivalently: paths compared as byte strings in which a slash is lower than every other byte. (So `a`, `a/b`,
/// `a-b`: the plain byte order of whole paths would put `a-b` between `a` and `a/b`.)
///
/// A regular file that cannot be opened has an empty digest. A file that changes while it is hashed has the size and the digest of what was
/// read. A directory that cannot be read fails the manifest: leaving its content out would look like its removal.
enum Manifest {
    static func send(_ path: [UInt8], digests: Bool, known: DigestCache, to conversation: Conversation) throws {
        let root = try Paths.openRoot(path)
        let crew = digests ? HashingCrew(for: conversation, known) : nil
        defer { crew?.stop() }
        if digests { known.begin() }
        var batch = HashBatch()
        try TreeWalker(root: root, label: path, unreadable: .fails).walk { node in
            guard let status = node.status() else { return .skip }
            let target = status.kind == .symbolicLink ? linkTarget(of: node.name, in: node.directory.number) ?? [] : []
            var entry = status.entry(path: node.path, linkTarget: target)
            guard let crew else {
                try conversation.send(entry)
                return .descend
            }
            if status.kind == .regular, let digest = known.digest(of: status) {
                entry.digest = digest
                batch.append(entry, nil)
            } else {
                batch.append(entry, status.kind == .regular ? node : nil)
            }
            if batch.isFull {
                try crew.submit(batch) { try conversation.send($0) }
                batch = HashBatch()
            }
            return .descend
        }
        if let crew {
            try crew.submit(batch) { try conversation.send($0) }
            try crew.finish { try conversation.send($0) }
        }
    }
}
