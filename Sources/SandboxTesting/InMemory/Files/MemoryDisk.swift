import SandboxCore
import Synchronization
import SystemPackage

/// A sandbox's file system: the tree and who watches it.
final class MemoryDisk: Sendable {
    let tree: Mutex<MemoryTree>
    private let watches = Mutex<[Int: Watch]>([:])

    /// A queue of changes below one folder.
    final class Watch: Sendable {
        static let capacity = 4096
        let root: [UInt8]
        let recursive: Bool
        let bell = Bell()
        private let queue = Mutex<[FileChange]>([])

        init(root: [UInt8], recursive: Bool) {
            self.root = root
            self.recursive = recursive
        }

        func offer(_ path: [UInt8], _ kind: FileChange.Kind) {
            let prefix = root == [0x2F] ? root : root + [0x2F]
            guard path.starts(with: prefix), recursive || !path.dropFirst(prefix.count).contains(0x2F) else { return }
            queue.withLock { queue in
                if queue.count < Self.capacity {
                    queue.append(FileChange(path: FilePath(bytes: path), kind: kind))
                } else if queue.last?.kind != .overflow {
                    queue.append(FileChange(path: FilePath(bytes: root), kind: .overflow))
                }
            }
            bell.ring()
        }

        func next() async throws -> FileChange {
            while true {
                let seen = bell.count
                if let change = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return change }
                try await bell.wait(past: seen)
            }
        }
    }

    /// Programs become files of `/bin`, so that looking one up behaves as on any system.
    init(programs: [String], workspace: FilePath) {
        var start = MemoryTree()
        func folder(_ path: String, mode: UInt32, user: UInt32) {
            var parent = 0
            for name in path.utf8.split(separator: 0x2F).map(Array.init) {
                if let known = start[parent]?.children[name] {
                    parent = known
                } else {
                    parent = start.add(
                        MemoryTree.Node(kind: .directory, mode: mode, userID: user, modified: WallTime.now), name: name, to: parent)
                }
            }
        }
        for path in ["/bin", "/etc", "/dev", "/usr", "/var"] { folder(path, mode: 0o755, user: 0) }
        folder("/root", mode: 0o700, user: 0)
        folder("/tmp", mode: 0o1777, user: 0)
        folder("/home", mode: 0o755, user: 0)
        folder("/home/user", mode: 0o755, user: MemoryTree.userID)
        folder(workspace.string, mode: 0o755, user: MemoryTree.userID)
        let bin = start[0]?.children[Array("bin".utf8)] ?? 0
        for program in programs {
            let node = MemoryTree.Node(
                kind: .regular, mode: 0o755, userID: 0, modified: WallTime.now, bytes: Array("#!built-in\n".utf8))
            _ = start.add(node, name: Array(program.utf8), to: bin)
        }
        let dev = start[0]?.children[Array("dev".utf8)] ?? 0
        for (name, device) in [("null", MemoryTree.Device.null), ("zero", .zero)] {
            _ = start.add(
                MemoryTree.Node(kind: .characterDevice, mode: 0o666, userID: 0, modified: WallTime.now, device: device),
                name: Array(name.utf8), to: dev)
        }
        tree = Mutex(start)
    }

    func addWatch(_ watch: Watch) -> Int {
        watches.withLock { watches in
            let key = (watches.keys.max() ?? 0) + 1
            watches[key] = watch
            return key
        }
    }

    func removeWatch(_ key: Int) { watches.withLock { _ = $0.removeValue(forKey: key) } }

    func changed(_ path: [UInt8], _ kind: FileChange.Kind) {
        for watch in watches.withLock({ Array($0.values) }) { watch.offer(path, kind) }
    }

    /// Tells the watches about a file that is known by its node only.
    func changed(node: Int) {
        guard watches.withLock({ !$0.isEmpty }) else { return }
        let path = tree.withLock { tree in tree.walk(below: 0).first { $0.node == node }?.path }
        if let path { changed([0x2F] + path, .modified) }
    }
}
