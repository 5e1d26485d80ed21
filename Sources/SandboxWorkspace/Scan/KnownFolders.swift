import CSandlotSystem
import Glibc
import SandboxCore
import SystemPackage

/// What the digests of a sandbox's folders are as long as nothing in them changes: made from the base, which holds all that goes into them.
struct KnownFolders {
    /// By path; nil is the root. A folder of which not all is known has none.
    private var digests: [TreePath?: ContentDigest] = [:]

    init(_ base: BaseIndex) {
        var open = [Open(nil)]
        for entry in base.entries {
            let depth = entry.path.bytes.count { $0 == TreePath.slash }
            while open.count > depth + 1 { close(open.removeLast()) }
            // The folder that it lies in is not known as one.
            guard open.count == depth + 1, open[depth].path.map({ entry.path.isChild(of: $0) }) ?? true else { continue }
            open[depth].add(entry)
            if case .directory? = entry.node { open.append(Open(entry.path)) }
        }
        while let last = open.popLast() { close(last) }
    }

    private mutating func close(_ folder: Open) { if let digest = folder.digest { digests[folder.path] = digest } }

    /// Whether a folder is as the base says.
    func isUnchanged(_ folder: TreePath?, _ digest: [UInt8]) -> Bool { digests[folder].map { $0 == ContentDigest(digest) } ?? false }

    /// A folder whose entries are being added, in the order of their names.
    private struct Open {
        let path: TreePath?
        private var context = sandlot_sha256()
        private var isKnown = true

        init(_ path: TreePath?) {
            self.path = path
            sandlot_sha256_init(&context)
        }

        mutating func add(_ entry: BaseEntry) {
            var (node, target) = (sandlot_node(), [UInt8]())
            switch entry.node {
            case .directory(let mode)?: node.mode = S_IFDIR | UInt32(mode)
            case .file(_, _, let mode)?: node.mode = S_IFREG | UInt32(mode)
            case .link(let own)?:
                node.mode = S_IFLNK | 0o777
                target = own
            case nil: return isKnown = false
            }
            if case .directory? = entry.node {
            } else if let stamp = entry.sandboxStamp, stamp.changed != 0 {
                (node.size, node.modified, node.changed, node.inode) = (stamp.size, stamp.modified, stamp.changed, stamp.inode)
            } else {
                isKnown = false
            }
            guard isKnown, entry.underWay == nil else { return isKnown = false }
            let name = entry.path.name
            (node.name_length, node.target_length) = (UInt16(clamping: name.count), UInt16(clamping: target.count))
            name.withUnsafeBytes { name in
                target.withUnsafeBytes { sandlot_listing_digest_add(&context, &node, name.baseAddress, $0.baseAddress) }
            }
        }

        var digest: ContentDigest? {
            guard isKnown else { return nil }
            var copy = context
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
                sandlot_sha256_final(&copy, buffer.baseAddress)
                return ContentDigest(buffer)
            }
        }
    }
}
