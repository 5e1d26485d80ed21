import SandboxCore
import SystemPackage

typealias Name = [UInt8]

/// A file system as a value: numbered nodes, directories that map names to them. Refusals are those of a real one.
struct MemoryTree: Sendable {
    enum Device { case null, zero }

    struct Node: Sendable {
        var kind: FileKind
        var mode: UInt32
        var userID: UInt32
        var modified: Int64
        /// Of a regular file, or the target of a link.
        var bytes: [UInt8] = []
        var children: [Name: Int] = [:]
        /// Of a directory.
        var parent = 0
        var device: Device?
    }

    /// The user that commands and file calls act as.
    static let userID: UInt32 = 1000

    private(set) var nodes: [Int: Node] = [0: Node(kind: .directory, mode: 0o755, userID: 0, modified: WallTime.now)]
    private var nextNode = 1

    subscript(_ id: Int) -> Node? {
        get { nodes[id] }
        _modify { yield &nodes[id] }
    }

    // MARK: Content of a file, by node

    func size(of id: Int) -> Int { nodes[id]?.bytes.count ?? 0 }

    func bytes(of id: Int, from offset: Int, count: Int) -> [UInt8] {
        guard let all = nodes[id]?.bytes, offset < all.count else { return [] }
        return Array(all[offset...].prefix(count))
    }

    mutating func put(_ piece: [UInt8], into id: Int, at offset: Int) {
        guard nodes[id] != nil else { return }
        let end = nodes[id]?.bytes.count ?? 0
        if offset > end { nodes[id]?.bytes.append(contentsOf: [UInt8](repeating: 0, count: offset - end)) }
        if offset >= end {
            nodes[id]?.bytes.append(contentsOf: piece)
        } else {
            nodes[id]?.bytes.replaceSubrange(offset..<Swift.min(end, offset + piece.count), with: piece)
        }
        nodes[id]?.modified = WallTime.now
    }

    mutating func truncate(_ id: Int) {
        nodes[id]?.bytes = []
        nodes[id]?.modified = WallTime.now
    }

    // MARK: Names

    mutating func add(_ node: Node, name: Name, to parent: Int) -> Int {
        let id = nextNode
        nextNode += 1
        var added = node
        added.parent = parent
        nodes[id] = added
        nodes[parent]?.children[name] = id
        nodes[parent]?.modified = WallTime.now
        return id
    }

    /// Takes a name away; what nothing names any more goes too, unless `keeping` it for another name.
    mutating func unlink(_ name: Name, from parent: Int, keeping: Bool = false) {
        guard let id = nodes[parent]?.children.removeValue(forKey: name) else { return }
        nodes[parent]?.modified = WallTime.now
        if !keeping { drop(id) }
    }

    mutating func link(_ id: Int, name: Name, to parent: Int) {
        nodes[parent]?.children[name] = id
        nodes[parent]?.modified = WallTime.now
        nodes[id]?.parent = parent
    }

    private mutating func drop(_ id: Int) {
        let children = nodes[id]?.children.values.map { $0 } ?? []
        // Files stay: somebody may have them open. They are small change in a test.
        if nodes[id]?.kind == .directory { nodes[id] = nil }
        for child in children { drop(child) }
    }

    // MARK: Rights

    func allows(_ id: Int, _ bit: UInt32) -> Bool {
        guard let node = nodes[id] else { return false }
        return (node.userID == Self.userID ? node.mode >> 6 : node.mode) & bit != 0
    }
}

/// The rights' bits.
enum Access {
    static let read: UInt32 = 4
    static let write: UInt32 = 2
    static let execute: UInt32 = 1
}

extension FilePath {
    /// The path as it is, byte for byte.
    var bytes: [UInt8] {
        withPlatformString { pointer in
            var list: [UInt8] = []
            var index = 0
            while pointer[index] != 0 {
                list.append(UInt8(truncatingIfNeeded: pointer[index]))
                index += 1
            }
            return list
        }
    }

    /// A path of these bytes, which hold no NUL.
    init(bytes: some Sequence<UInt8>) {
        let text = bytes.map { CInterop.PlatformChar(truncatingIfNeeded: $0) } + [0]
        self = text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return FilePath() }
            return FilePath(platformString: base)
        }
    }
}
