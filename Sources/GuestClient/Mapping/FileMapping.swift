import GuestProtocol
import SandboxCore
import SystemPackage

extension TreeEntry {
    /// How the path of an entry must look.
    enum PathRule {
        case absolute
        /// Below a root: no empty part, no `.` and no `..`, so that nothing can climb out of wherever it is written.
        case relative
        /// One part of a path.
        case name
        case any
    }

    /// The entry, or nil when a field cannot be right.
    func entry(_ rule: PathRule) -> FileEntry? {
        guard rule.accepts(path), digest.isEmpty || digest.count == 32, linkTarget.count <= 4096,
            let name = FilePath(guestBytes: path), let target = FilePath(guestBytes: linkTarget)
        else { return nil }
        return FileEntry(
            path: name, kind: kind.fileKind, mode: mode & 0o7777, size: size, modified: modified, changed: changed == 0 ? nil : changed,
            inode: inode == 0 ? nil : inode, userID: userID, groupID: groupID, linkTarget: kind == .symbolicLink ? target : nil,
            digest: digest.isEmpty ? nil : digest)
    }
}

extension TreeEntry.PathRule {
    fileprivate func accepts(_ path: [UInt8]) -> Bool {
        let slash = UInt8(ascii: "/")
        switch self {
        case .any: return true
        case .absolute: return path.first == slash
        case .name: return !path.contains(slash) && isPlain(path[...])
        case .relative: return isRelative(path)
        }
    }

    /// All parts are plain; a tree has many paths, so nothing is allocated for it.
    private func isRelative(_ path: [UInt8]) -> Bool {
        path.withUnsafeBufferPointer { path in
            var (length, isDots) = (0, true)
            for byte in path {
                if byte == UInt8(ascii: "/") {
                    if length == 0 || isDots && length <= 2 { return false }
                    (length, isDots) = (0, true)
                } else {
                    length += 1
                    if byte != UInt8(ascii: ".") { isDots = false }
                }
            }
            return length > 0 && !(isDots && length <= 2)
        }
    }

    private func isPlain(_ part: ArraySlice<UInt8>) -> Bool {
        let dot = UInt8(ascii: ".")
        return !part.isEmpty && part != [dot] && part != [dot, dot]
    }
}

extension GuestProtocol.FileKind {
    var fileKind: SandboxCore.FileKind {
        switch self {
        case .regular: .regular
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .fifo: .fifo
        case .socket: .socket
        case .characterDevice: .characterDevice
        case .blockDevice: .blockDevice
        }
    }
}

extension SandboxCore.FileKind {
    fileprivate var guestKind: GuestProtocol.FileKind {
        switch self {
        case .regular: .regular
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .fifo: .fifo
        case .socket: .socket
        case .characterDevice: .characterDevice
        case .blockDevice: .blockDevice
        }
    }
}

extension FileEntry {
    /// The entry on its way into a sandbox.
    var treeEntry: TreeEntry {
        var changed: Int64 = 0
        var node: UInt64 = 0
        switch replaces {
        case nil: break
        case .nothing?: changed = TreeEntry.nothing
        case .node(let time, let inode)?: (changed, node) = (time, inode)
        }
        return TreeEntry(
            path: path.guestBytes, kind: kind.guestKind, mode: mode, size: size, modified: modified, changed: changed, userID: userID,
            groupID: groupID, inode: node, linkTarget: linkTarget?.guestBytes ?? [], digest: digest ?? [])
    }
}

extension FileWriteOptions {
    var guestOptions: WriteOptions {
        WriteOptions(mode: mode, createsParents: createsParents, appends: appends, exclusive: exclusive)
    }
}

extension WatchEvent {
    /// The change, or nil when the path cannot be one.
    var fileChange: FileChange? {
        guard let path = FilePath(guestBytes: path) else { return nil }
        let kind: FileChange.Kind =
            switch change {
            case .created: .created
            case .modified: .modified
            case .removed: .removed
            case .attributes: .attributes
            case .overflow: .overflow
            }
        return FileChange(path: path, kind: kind)
    }
}

extension GrepMatch {
    /// The match, or nil when a field cannot be right.
    var fileMatch: FileMatch? {
        guard let path = FilePath(guestBytes: path), let line = Int(exactly: line) else { return nil }
        return FileMatch(path: path, line: line, isContext: isContext, text: Array(text.prefix(4096)))
    }
}
