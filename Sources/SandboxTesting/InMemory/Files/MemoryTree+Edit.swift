import SandboxCore
import SystemPackage

extension MemoryTree {
    private func refuse(_ reason: FileRefusal.Reason, _ path: [UInt8], _ message: String) -> FileRefusal {
        FileRefusal(reason, path: FilePath(bytes: path), message: message)
    }

    func requireWritable(_ folder: Int, _ path: [UInt8]) throws {
        guard allows(folder, Access.write) else { throw refuse(.permissionDenied, path, "permission denied") }
    }

    /// A regular file's content.
    func readable(_ path: [UInt8]) throws -> Int {
        let id = try node(path)
        guard self[id]?.kind != .directory else { throw refuse(.isDirectory, path, "is a directory") }
        guard allows(id, Access.read) else { throw refuse(.permissionDenied, path, "permission denied") }
        return id
    }

    /// Opens a file for writing in place, as a shell's redirection does.
    mutating func openForWriting(_ path: [UInt8], truncates: Bool, mode: UInt32 = 0o644) throws -> Int {
        let place = try resolve(path)
        if let id = place.node {
            guard self[id]?.kind != .directory else { throw refuse(.isDirectory, path, "is a directory") }
            guard allows(id, Access.write) else { throw refuse(.permissionDenied, path, "permission denied") }
            if truncates { truncate(id) }
            return id
        }
        try requireWritable(place.parent, path)
        return add(Node(kind: .regular, mode: mode, userID: Self.userID, modified: WallTime.now), name: place.name, to: place.parent)
    }

    /// Writes a whole file as one step.
    mutating func write(_ bytes: [UInt8], to path: [UInt8], options: FileWriteOptions) throws {
        guard path.last != 0x2F else { throw refuse(.isDirectory, path, "is a directory") }
        if options.createsParents, let slash = path.lastIndex(of: 0x2F), slash > 0 {
            try makeDirectory(Array(path[..<slash]), mode: 0o755, parents: true)
        }
        let place = try resolve(path)
        if let id = place.node {
            guard !options.exclusive else { throw refuse(.alreadyExists, path, "exists already") }
            guard self[id]?.kind != .directory else { throw refuse(.isDirectory, path, "is a directory") }
            guard allows(id, Access.write) else { throw refuse(.permissionDenied, path, "permission denied") }
            if options.appends { put(bytes, into: id, at: size(of: id)) } else { self[id]?.bytes = bytes }
            if let mode = options.mode { self[id]?.mode = mode & 0o7777 }
            self[id]?.modified = WallTime.now
            return
        }
        try requireWritable(place.parent, path)
        let mode = (options.mode ?? 0o644) & 0o7777
        _ = add(
            Node(kind: .regular, mode: mode, userID: Self.userID, modified: WallTime.now, bytes: bytes), name: place.name, to: place.parent)
    }

    mutating func makeDirectory(_ path: [UInt8], mode: UInt32, parents: Bool) throws {
        if parents {
            var prefix: [UInt8] = []
            for name in path.split(separator: 0x2F) {
                prefix += [0x2F] + name
                let place = try resolve(prefix)
                if let id = place.node {
                    guard self[id]?.kind == .directory else { throw refuse(.notDirectory, prefix, "not a directory") }
                } else {
                    try makeDirectory(prefix, mode: prefix.count == path.count ? mode : 0o755, parents: false)
                }
            }
            return
        }
        let place = try resolve(path)
        guard place.node == nil else { throw refuse(.alreadyExists, path, "exists already") }
        try requireWritable(place.parent, path)
        _ = add(
            Node(kind: .directory, mode: mode & 0o7777, userID: Self.userID, modified: WallTime.now), name: place.name, to: place.parent)
    }

    mutating func remove(_ path: [UInt8], recursive: Bool) throws {
        let place = try resolve(path, followsLast: false)
        guard let id = place.node else { throw refuse(.notFound, path, "no such file or directory") }
        guard id != 0, place.name != [0x2E, 0x2E] else { throw refuse(.invalid, path, "cannot be removed") }
        try requireWritable(place.parent, path)
        guard recursive || self[id]?.children.isEmpty != false else { throw refuse(.notEmpty, path, "the directory is not empty") }
        unlink(place.name, from: place.parent)
    }

    mutating func move(_ source: [UInt8], to target: [UInt8], overwrite: Bool) throws {
        let from = try resolve(source, followsLast: false)
        guard let id = from.node else { throw refuse(.notFound, source, "no such file or directory") }
        let into = try resolve(target, followsLast: false)
        try requireWritable(from.parent, source)
        try requireWritable(into.parent, target)
        if let taken = into.node {
            if taken == id { return }
            guard overwrite else { throw refuse(.alreadyExists, target, "exists already") }
            if self[taken]?.kind == .directory {
                guard self[id]?.kind == .directory else { throw refuse(.isDirectory, target, "is a directory") }
                guard self[taken]?.children.isEmpty == true else { throw refuse(.notEmpty, target, "the directory is not empty") }
            } else if self[id]?.kind == .directory {
                throw refuse(.notDirectory, target, "not a directory")
            }
        }
        var ancestor = into.parent
        while ancestor != 0 {
            guard ancestor != id else { throw refuse(.invalid, target, "a directory cannot move into itself") }
            ancestor = self[ancestor]?.parent ?? 0
        }
        if into.node != nil { unlink(into.name, from: into.parent) }
        unlink(from.name, from: from.parent, keeping: true)
        link(id, name: into.name, to: into.parent)
    }

    mutating func makeSymbolicLink(_ path: [UInt8], target: [UInt8]) throws {
        let place = try resolve(path, followsLast: false)
        guard place.node == nil else { throw refuse(.alreadyExists, path, "exists already") }
        try requireWritable(place.parent, path)
        _ = add(
            Node(kind: .symbolicLink, mode: 0o777, userID: Self.userID, modified: WallTime.now, bytes: target), name: place.name,
            to: place.parent)
    }

    mutating func changeMode(_ path: [UInt8], mode: UInt32) throws {
        let id = try node(path)
        guard self[id]?.userID == Self.userID else { throw refuse(.permissionDenied, path, "permission denied") }
        self[id]?.mode = mode & 0o7777
    }

    func entry(of id: Int, path: FilePath, digest: Bool = false) -> FileEntry {
        let node = self[id] ?? Node(kind: .regular, mode: 0, userID: 0, modified: 0)
        return FileEntry(
            path: path, kind: node.kind, mode: node.mode, size: UInt64(node.bytes.count), modified: node.modified, userID: node.userID,
            groupID: node.userID, linkTarget: node.kind == .symbolicLink ? FilePath(bytes: node.bytes) : nil,
            digest: digest && node.kind == .regular ? SHA256.digest(of: node.bytes) : nil)
    }

    /// Every node below, parents first, by path bytes; paths relative to the root.
    func walk(below id: Int, prefix: [UInt8] = []) -> [(path: [UInt8], node: Int)] {
        var found: [(path: [UInt8], node: Int)] = []
        let children = (self[id]?.children ?? [:]).sorted { NameOrder.precedes($0.key, $1.key) }
        for (name, child) in children {
            let path = prefix.isEmpty ? name : prefix + [0x2F] + name
            found.append((path, child))
            if self[child]?.kind == .directory { found += walk(below: child, prefix: path) }
        }
        return found
    }
}
