internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// A folder that a writer fills. It gets its mode and its time once all that goes into it is there; a new one of which the host says that nothing
/// may be in its place gets its name only then, too. Until then nobody sees what lies in it, so files there need no detour to be whole or absent.
///
/// Unchecked: what is mutable is used only inside the monitor, except `final`, which the writer sets before it lets go of the folder.
final class TreeFolder: @unchecked Sendable {
    let name: [UInt8]
    let parent: TreeFolder?
    /// It, or a folder above it, does not have its name yet.
    let isHidden: Bool
    var final: (mode: UInt32, modified: Int64)?
    private let hiddenName: [UInt8]?
    private let monitor = Monitor()
    /// Nil while it is closed because many others are open.
    private var descriptor: Descriptor?
    /// The writer, the folders in it, and files on their way into it.
    private var holders = 1

    /// The root of what is written.
    init(root: Descriptor) {
        (name, parent, isHidden, hiddenName, descriptor) = ([], nil, false, nil, root)
    }

    /// A folder in another, which it holds; `hiddenName` is what it is called meanwhile.
    init(_ name: [UInt8], in parent: TreeFolder, _ descriptor: Descriptor, hiddenName: [UInt8]? = nil) {
        (self.name, self.parent, self.hiddenName, self.descriptor) = (name, parent, hiddenName, descriptor)
        isHidden = hiddenName != nil || parent.isHidden
        parent.hold()
    }

    /// From the root.
    var path: [UInt8] {
        var names: [[UInt8]] = []
        var folder: TreeFolder? = self
        while let current = folder, current.parent != nil {
            names.append(current.name)
            folder = current.parent
        }
        return Array(names.reversed().joined(separator: [slash]))
    }

    func hold() { monitor.locked { holders += 1 } }

    /// One holder less; the last one completes it. `refuse` is told of what cannot get its place after all.
    func letGo(_ refuse: ([UInt8], String) -> Void) {
        var folder: TreeFolder? = self
        while let current = folder, current.isLetGo {
            current.complete(refuse)
            folder = current.parent
        }
    }

    private var isLetGo: Bool {
        monitor.locked {
            holders -= 1
            return holders == 0
        }
    }

    /// Closes its descriptor; it is opened again when it is needed.
    func close() { if parent != nil { monitor.locked { descriptor = nil } } }

    func open() throws -> Descriptor {
        var names: [[UInt8]] = []
        var folder = self
        while true {
            if let open = folder.monitor.locked({ folder.descriptor }) {
                if names.isEmpty { return open }
                guard let opened = Descriptor.openBeneath(names.reversed()[...], in: open, flags: O_RDONLY | O_DIRECTORY) else {
                    throw GuestFailure.last("open the folder again", path)
                }
                monitor.locked { descriptor = opened }
                return opened
            }
            guard let parent = folder.parent else { throw GuestFailure(.internalError, message: "the root was closed", path: path) }
            names.append(folder.hiddenName ?? folder.name)
            folder = parent
        }
    }

    private func complete(_ refuse: ([UInt8], String) -> Void) {
        // A folder that was moved away meanwhile keeps the mode and time that it has.
        if let final, let open = try? open() {
            _ = fchmod(open.number, mode_t(final.mode))
            _ = futimens(open.number, Times.pair(final.modified))
        }
        guard let hiddenName, let parent else { return }
        do {
            let directory = try parent.open()
            if Self.rename(hiddenName, name, in: directory) { return }
            let failure = errno == EEXIST ? Replaced.refusal.reason : GuestFailure.last("name the folder", path).message
            refuseAll(failure, refuse)
            // All that it holds was refused.
            try? Removing.removeTree(hiddenName, in: directory, path, nil)
        } catch {
            refuseAll("its folder cannot be opened again", refuse)
        }
    }

    private static func rename(_ old: [UInt8], _ new: [UInt8], in directory: Descriptor) -> Bool {
        let (from, to) = (directory.number, directory.number)
        if old.withPath({ old in new.withPath { sandlot_rename_no_replace(from, old, to, $0) } }) == 0 { return true }
        guard errno == EINVAL || errno == ENOSYS else { return false }
        guard Status(new, in: directory.number) == nil else {
            errno = EEXIST
            return false
        }
        // Takes the place of nothing but an empty folder.
        return old.withPath { old in new.withPath { renameat(from, old, to, $0) } } == 0
    }

    private func refuseAll(_ reason: String, _ refuse: ([UInt8], String) -> Void) {
        let path = path
        refuse(path, reason)
        guard let folder = try? open(), let root = Descriptor.open(.dot, in: folder.number, flags: OpenFlag.directory) else { return }
        try? TreeWalker(root: root, label: path, unreadable: .skips).walk { node in
            refuse(path.appending(name: node.path), reason)
            return .descend
        }
    }
}
