internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// The nodes of one folder at a time, sorted by their names' bytes; its memory is used again for the next folder.
final class FolderListing {
    private var listing = sandlot_listing()

    deinit { sandlot_listing_free(&listing) }

    /// Takes a folder that is open for reading and was not read yet.
    func read(_ folder: Descriptor, _ label: [UInt8]) throws {
        let number = sandlot_listing_read(&listing, folder.number)
        if number != 0 { throw GuestFailure.system(number, "read the directory", label) }
    }

    var count: Int { listing.count }

    /// Changes when anything does that a manifest tells of a node.
    var digest: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            sandlot_listing_digest(&listing, buffer.baseAddress)
            count = 32
        }
    }

    func isDirectory(_ index: Int) -> Bool { listing.nodes[index].mode & S_IFMT == S_IFDIR }

    func name(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let node = listing.nodes[index]
        return UnsafeBufferPointer(start: listing.bytes + Int(node.name), count: Int(node.name_length))
    }

    /// The entry that tells a host about a node; nil when it could not be looked at.
    func entry(_ index: Int, path: [UInt8]) -> TreeEntry? {
        let node = listing.nodes[index]
        guard node.error == 0 else { return nil }
        let target = UnsafeBufferPointer(start: listing.bytes + Int(node.target), count: Int(node.target_length))
        return TreeEntry(
            path: path, kind: Status.kind(ofMode: node.mode), mode: node.mode & 0o7777, size: node.size, modified: node.modified,
            changed: node.changed, userID: node.user, groupID: node.group, inode: node.inode, linkTarget: Array(target))
    }
}
