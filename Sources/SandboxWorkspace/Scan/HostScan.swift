import Glibc
import SandboxCore
import SandboxProcess
import Synchronization

/// What a look at the host's tree found.
struct HostScan: Sendable {
    /// In the order of paths, parents first.
    var entries: [SideEntry] = []
    /// The ignore files that count, for judging the other side's paths by the same rules.
    var ignoreFiles: [TreePath: [UInt8]] = [:]
    /// Nodes that the rules leave out; a folder counts once.
    var ignored = 0
    /// Files that had to be read, and their bytes.
    var hashedFiles = 0
    var hashedBytes: UInt64 = 0
}

/// Looks at a tree of the host.
struct HostScanner {
    /// A file changed less than so long before it is read may change again without any of its times telling: its stamp is not believed.
    static let racyTime: Int64 = 2_000_000_000
    private static let deepest = 400
    private static let largestIgnoreFile = 1 << 20

    let tree: HostTree
    let base: BaseIndex
    let stop: StopFlag
    /// Whether content is looked at: without, only of files that changed so lately that their times do not tell.
    private let content: ContentLook
    /// What git leaves out in this tree besides its ignore files.
    let gitExclude: [UInt8]
    /// Of the base, in step with the walk.
    private var known: PathCursor<BaseEntry>
    private var rules: IgnoreRules
    private var scan = HostScan()
    /// Files to be hashed, by their place among the entries.
    private var unread: [Int] = []

    init(_ tree: HostTree, _ sync: WorkspaceSync, base: BaseIndex, stop: StopFlag, content: ContentLook = .always) {
        self.tree = tree
        self.content = content
        self.base = base
        known = PathCursor(base.entries)
        self.stop = stop
        var exclude: [UInt8] = []
        if let path = TreePath(".git/info/exclude"), let file = tree.file(path) { exclude = Self.small(file) ?? [] }
        gitExclude = exclude
        rules = IgnoreRules(sync, gitExclude: exclude)
    }

    mutating func run() throws -> HostScan {
        try walk(try tree.root.duplicate(), nil, depth: 0, onlyBase: false)
        hash()
        try stop.check()
        scan.entries.removeAll { if case .held(let reason) = $0.state { reason.isEmpty } else { false } }
        return scan
    }

    /// `onlyBase`: the folder is ignored, but something in it was synced before.
    private mutating func walk(_ folder: OwnedDescriptor, _ path: TreePath?, depth: Int, onlyBase: Bool) throws {
        try stop.check()
        let nodes = try HostFolder(folder)
        var files: [String: [UInt8]] = [:]
        for name in rules.fileNames where nodes.contains(Array(name.utf8)) {
            guard let path = path.map({ $0.appending(name.utf8) }) ?? TreePath(name), let content = tree.file(path).flatMap(Self.small)
            else { continue }
            files[name] = content
            scan.ignoreFiles[path] = content
        }
        rules.enter(depth: depth, files: files)
        for index in 0..<nodes.count {
            guard let child = path.map({ $0.appending(nodes.name(index)) }) ?? TreePath(Array(nodes.name(index))) else { continue }
            guard nodes.error(index) == 0 else {
                hold(child, "it cannot be looked at: \(SandboxError.reason(of: nodes.error(index)))")
                continue
            }
            let status = nodes.status(index)
            let before = known.element(at: child)
            var isIgnored = onlyBase
            // What was synced once stays synced, so of a file that was nobody asks.
            if !isIgnored, before == nil || status.isDirectory, rules.ignores(child, isDirectory: status.isDirectory) {
                isIgnored = true
                scan.ignored += 1
            }
            if isIgnored && !base.holdsAnything(at: child) { continue }
            try take(child, nodes, index, status, before, in: folder, depth: depth, onlyBase: isIgnored)
        }
        rules.leave(to: depth)
    }

    private mutating func take(
        _ path: TreePath, _ nodes: HostFolder, _ index: Int, _ status: HostStatus, _ known: BaseEntry?, in folder: OwnedDescriptor,
        depth: Int, onlyBase: Bool
    ) throws {
        let mode = UInt16(status.mode & TreeNode.modeMask)
        switch status.kind {
        case S_IFREG:
            if case .file(let digest, let size, _)? = known?.node, let stamp = known?.hostStamp, stamp == status.stamp {
                scan.entries.append(
                    SideEntry(
                        path, .node(.file(digest: digest, size: size, mode: mode)), stamp: stamp, isSettled: true, modified: stamp.modified)
                )
            } else if case .ifTimesMislead(let most) = content, let node = UnreadFile.node(known, status) {
                guard scan.entries.count < most else { throw UnreadFile.tooMany(most) }
                scan.entries.append(
                    SideEntry(path, .node(node), stamp: status.stamp, isSettled: true, modified: status.stamp.modified))
            } else {
                unread.append(scan.entries.count)
                scan.entries.append(SideEntry(path, .held(reason: ""), stamp: nil, modified: status.stamp.modified))
            }
        case S_IFLNK:
            scan.entries.append(SideEntry(path, .node(.link(target: nodes.target(index))), modified: status.stamp.modified))
        case S_IFDIR:
            if status.device != tree.device { return hold(path, "another file system is mounted there") }
            if depth >= Self.deepest { return hold(path, "it is nested more than \(Self.deepest) folders deep") }
            let raw = Array(nodes.name(index)).withCPath { openat(folder.raw, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
            guard raw >= 0 else {
                if errno == ENOENT || errno == ELOOP || errno == ENOTDIR { return }
                return hold(path, "the folder cannot be read: \(SandboxError.reason(of: errno))")
            }
            scan.entries.append(SideEntry(path, .node(.directory(mode: mode)), modified: status.stamp.modified))
            try walk(OwnedDescriptor(raw), path, depth: depth + 1, onlyBase: onlyBase)
        default: hold(path, "a \(Self.word(status.kind)) is not carried over")
        }
    }

    private mutating func hold(_ path: TreePath, _ reason: String) {
        scan.entries.append(SideEntry(path, .held(reason: reason)))
    }

    // MARK: Content

    private mutating func hash() {
        let (tree, stop, unread) = (tree, stop, unread)
        let paths = unread.map { scan.entries[$0].path }
        let results = Mutex([SideEntry?](repeating: nil, count: paths.count))
        let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        WorkThread.forEach(paths.count, threads: min(4, max(1, processors))) { index in
            guard !stop.isSet else { return }
            let entry = Self.read(paths[index], in: tree, stop)
            results.withLock { $0[index] = entry }
        }
        for (place, entry) in zip(unread, results.withLock { $0 }) {
            guard let entry else { continue }
            scan.entries[place] = entry
            scan.hashedFiles += 1
            scan.hashedBytes += entry.node?.size ?? 0
        }
    }

    /// Nil when it is gone.
    private static func read(_ path: TreePath, in tree: HostTree, _ stop: StopFlag) -> SideEntry? {
        for _ in 0..<3 {
            guard let file = tree.file(path) else {
                return errno == ENOENT ? nil : SideEntry(path, .held(reason: "it cannot be read: \(SandboxError.reason(of: errno))"))
            }
            let now = HostStatus.now()
            guard let before = HostStatus(file.raw), let (digest, size) = try? ContentHasher.digest(of: file, stop: stop),
                let after = HostStatus(file.raw)
            else { return SideEntry(path, .held(reason: "it cannot be read")) }
            guard before.stamp == after.stamp, size == after.stamp.size else { continue }
            let isSettled = now - max(after.stamp.modified, after.stamp.changed) >= racyTime
            let mode = UInt16(after.mode & TreeNode.modeMask)
            return SideEntry(
                path, .node(.file(digest: digest, size: size, mode: mode)), stamp: after.stamp, isSettled: isSettled,
                modified: after.stamp.modified)
        }
        return SideEntry(path, .held(reason: "it keeps changing"))
    }

    private static func small(_ file: OwnedDescriptor) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let piece = try? file.readAvailable(limit: 64 << 10), !piece.isEmpty {
            bytes += piece
            if bytes.count > largestIgnoreFile { return nil }
        }
        return bytes
    }

    private static func word(_ kind: mode_t) -> String {
        switch kind {
        case S_IFIFO: "FIFO"
        case S_IFSOCK: "socket"
        case S_IFCHR, S_IFBLK: "device"
        default: "node of this kind"
        }
    }
}
