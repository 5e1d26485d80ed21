internal import Glibc
internal import GuestProtocol

/// Walks a tree without following links, parents before their content, the names of each directory sorted by their bytes. So nodes come in
/// the order of their paths compared component by component (`Paths.precedes`), and nothing is sorted but one directory at a time.
///
/// Memory is the names of the directories on the way down; descriptors are bounded however deep the tree is.
struct TreeWalker {
    /// One node, before anything is known but its kind.
    struct Node {
        let name: [UInt8]
        /// From the walk's root.
        let path: [UInt8]
        /// 0 for what lies directly in the root.
        let depth: Int
        let kind: FileKind
        /// The folder that it lies in.
        let directory: Descriptor

        /// Nil when it has vanished, or has become unreachable.
        func status() -> Status? { Status(name, in: directory.number) }
    }

    enum Step {
        /// Goes into it, when it is a directory.
        case descend
        case skip
        case finish
    }

    /// What to do with a directory that cannot be read.
    enum Unreadable {
        case fails
        case skips
    }

    private struct Level {
        var descriptor: Descriptor?
        let identity: Identity
        let names: NameList
        var next = 0
        let pathLength: Int
    }

    private let root: Descriptor
    private let label: [UInt8]
    private let unreadable: Unreadable

    /// Walks below `root`, which is open for reading; `label` is its path.
    init(root: Descriptor, label: [UInt8], unreadable: Unreadable) {
        self.root = root
        self.label = label
        self.unreadable = unreadable
    }

    func walk(_ visit: (Node) throws -> Step) throws {
        var path: [UInt8] = []
        var levels = [
            Level(
                descriptor: root, identity: try root.status(label).identity, names: try NameList.sorted(of: root, label), pathLength: 0)
        ]
        while let depth = levels.indices.last {
            guard let here = levels[depth].descriptor else { return }
            guard levels[depth].next < levels[depth].names.count else {
                if depth > 0, levels[depth - 1].descriptor == nil {
                    levels[depth - 1].descriptor = try Removing.reopen(above: here, levels[depth - 1].identity, label)
                }
                levels.removeLast()
                continue
            }
            let index = levels[depth].next
            levels[depth].next += 1
            let name = levels[depth].names.name(index)
            guard let kind = levels[depth].names.kind(index) ?? Status(name, in: here.number)?.kind else { continue }
            path.removeSubrange(levels[depth].pathLength...)
            if !path.isEmpty { path.append(slash) }
            path.append(contentsOf: name)
            switch try visit(Node(name: name, path: path, depth: depth, kind: kind, directory: here)) {
            case .finish: return
            case .skip: continue
            case .descend: break
            }
            guard kind == .directory, let level = try enter(name, in: here, path) else { continue }
            // The root stays open: it has no folder above it that we may use.
            if depth > FileLimits.openDirectories { levels[depth - FileLimits.openDirectories].descriptor = nil }
            levels.append(level)
        }
    }

    private func enter(_ name: [UInt8], in directory: Descriptor, _ path: [UInt8]) throws -> Level? {
        guard let descriptor = Descriptor.open(name, in: directory.number, flags: OpenFlag.directory) else {
            // ENOTDIR, ELOOP: it was replaced by something else meanwhile.
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return nil }
            if unreadable == .skips { return nil }
            throw GuestFailure.last("open the directory", label.appending(name: path))
        }
        do {
            let names = try NameList.sorted(of: descriptor, label.appending(name: path))
            return Level(descriptor: descriptor, identity: try descriptor.status(path).identity, names: names, pathLength: path.count)
        } catch {
            if unreadable == .skips { return nil }
            throw error
        }
    }
}
