import CSandlotSystem
import Glibc
import SandboxCore
import SandboxProcess

/// The nodes of one folder of the host, sorted by their names' bytes.
final class HostFolder {
    private var listing = sandlot_listing()

    /// Looks at a folder that is open for reading and was not read yet.
    init(_ folder: OwnedDescriptor) throws {
        let error = sandlot_listing_read(&listing, folder.raw)
        guard error == 0 else {
            sandlot_listing_free(&listing)
            throw SandboxError.system("listing a folder of the workspace", error)
        }
    }

    deinit { sandlot_listing_free(&listing) }

    var count: Int { listing.count }

    func name(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let node = listing.nodes[index]
        return UnsafeBufferPointer(start: listing.bytes + Int(node.name), count: Int(node.name_length))
    }

    /// Where a name is, by its bytes.
    func contains(_ name: some Collection<UInt8>) -> Bool { (0..<count).contains { self.name($0).elementsEqual(name) } }

    /// Why a node could not be looked at; 0 when it was.
    func error(_ index: Int) -> Int32 { listing.nodes[index].error }

    func status(_ index: Int) -> HostStatus { HostStatus(listing.nodes[index]) }

    /// Of a link.
    func target(_ index: Int) -> [UInt8] {
        let node = listing.nodes[index]
        return Array(UnsafeBufferPointer(start: listing.bytes + Int(node.target), count: Int(node.target_length)))
    }
}

extension HostStatus {
    init(_ node: sandlot_node) {
        kind = node.mode & S_IFMT
        mode = node.mode & 0o7777
        stamp = FileStamp(size: node.size, modified: node.modified, changed: node.changed, inode: node.inode)
        device = dev_t(node.device)
    }
}
