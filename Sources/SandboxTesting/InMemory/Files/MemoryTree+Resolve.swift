import SandboxCore
import SystemPackage

extension MemoryTree {
    /// Where a path leads: the folder, the last name, and the node when there is one.
    struct Place {
        var parent: Int
        var name: Name
        var node: Int?
    }

    /// Walks an absolute path. Throws when a folder on the way is missing, is none, or may not be searched.
    func resolve(_ path: [UInt8], followsLast: Bool = true) throws -> Place {
        var links = 0
        return try walk(path, from: 0, followsLast: followsLast, links: &links, whole: FilePath(bytes: path))
    }

    /// The node of an absolute path, or `notFound`.
    func node(_ path: [UInt8], followsLast: Bool = true) throws -> Int {
        guard let id = try resolve(path, followsLast: followsLast).node else {
            throw FileRefusal(.notFound, path: FilePath(bytes: path), message: "no such file or directory")
        }
        return id
    }

    private func walk(_ path: [UInt8], from start: Int, followsLast: Bool, links: inout Int, whole: FilePath) throws -> Place {
        guard !path.contains(0) else { throw FileRefusal(.invalid, path: whole, message: "a path holds no NUL") }
        var names = path.split(separator: 0x2F).map(Array.init).filter { $0 != [0x2E] }
        let mustBeDirectory = path.last == 0x2F
        var place = Place(parent: start, name: [], node: path.first == 0x2F ? 0 : start)
        names.reverse()
        while let name = names.popLast() {
            guard name.count <= 255 else { throw FileRefusal(.invalid, path: whole, message: "the name is longer than 255 bytes") }
            guard let folder = place.node else { throw FileRefusal(.notFound, path: whole, message: "no such file or directory") }
            guard let node = self[folder], node.kind == .directory else {
                throw FileRefusal(.notDirectory, path: whole, message: "not a directory")
            }
            guard allows(folder, Access.execute) else { throw FileRefusal(.permissionDenied, path: whole, message: "permission denied") }
            if name == [0x2E, 0x2E] {
                place = Place(parent: self[node.parent]?.parent ?? 0, name: name, node: node.parent)
                continue
            }
            place = Place(parent: folder, name: name, node: node.children[name])
            guard let child = place.node, let target = self[child], target.kind == .symbolicLink else { continue }
            if names.isEmpty && !followsLast && !mustBeDirectory { break }
            links += 1
            guard links <= 40 else { throw FileRefusal(.invalid, path: whole, message: "too many symbolic links") }
            place = try walk(
                target.bytes, from: target.bytes.first == 0x2F ? 0 : folder, followsLast: true, links: &links, whole: whole)
        }
        if mustBeDirectory, let id = place.node, self[id]?.kind != .directory {
            throw FileRefusal(.notDirectory, path: whole, message: "not a directory")
        }
        return place
    }
}
