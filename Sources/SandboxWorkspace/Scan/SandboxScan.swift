import Glibc
import SandboxCore
import SystemPackage

/// What a look at the sandbox's tree found.
struct SandboxScan: Sendable {
    /// In the order of paths, parents first.
    var entries: [SideEntry] = []
    var ignored = 0
    /// The ignore files inside that differ from the host's.
    var ownIgnoreFiles: [TreePath: [UInt8]] = [:]
    /// Files whose content had to be looked at, and their bytes.
    var hashedFiles = 0
    var hashedBytes: UInt64 = 0
}

/// Looks at a tree of a sandbox. All that the sandbox says is checked; it may lie about its own files only.
///
/// A file whose stamp is the one that was seen when its content was known is not read again. The others are read by the guest when there are
/// many of them, and brought out when there are few: into `keep` where the caller wants their content anyway.
struct SandboxScanner {
    private static let fewBytes: UInt64 = 32 << 20
    private static let fewFiles = 2000
    private static let largestIgnoreFile = 1 << 20

    let files: any SandboxFileSystem
    let root: FilePath
    let sync: WorkspaceSync
    let base: BaseIndex
    /// The host's ignore files, and what git leaves out there.
    let hostIgnoreFiles: [TreePath: [UInt8]]
    let gitExclude: [UInt8]
    var keep: ContentBag?
    /// The host's versions.
    let tree: HostTree

    func run(_ look: SandboxLook) async throws -> SandboxScan {
        var scan = try await judge(look)
        var unknown = scan.entries.indices.filter { Self.isUnknown(scan.entries[$0]) }
        guard !unknown.isEmpty else { return scan }
        let bytes = unknown.reduce(UInt64(0)) { $0 &+ (scan.entries[$1].stamp?.size ?? 0) }
        let canBeStamped = unknown.allSatisfy { scan.entries[$0].stamp?.changed != 0 }
        let isMuch = unknown.count > Self.fewFiles || bytes > Self.fewBytes
        let clock = await SandboxClock.now(files, root)
        if !canBeStamped || (keep == nil && isMuch) {
            scan = try await judge(SandboxLook(listed: try await Self.listing(files, root, digests: true)), clock: clock)
            unknown = scan.entries.indices.filter { Self.isUnknown(scan.entries[$0]) }
        }
        try await Reading(files: files, root: root, keep: keep, clock: clock, tree: tree).read(unknown, of: &scan)
        return scan
    }

    static func isUnknown(_ entry: SideEntry) -> Bool { entry.state == .held(reason: "") }

    /// Every node of the sandbox's workspace, in the order of paths.
    static func listing(
        _ files: any SandboxFileSystem, _ root: FilePath, digests: Bool
    ) async throws -> [(path: TreePath, entry: FileEntry)] {
        try await sorted(try await files.manifest(of: root, digests: digests))
    }

    static func sorted(_ entries: SandboxStream<FileEntry>) async throws -> [(path: TreePath, entry: FileEntry)] {
        var found: [(path: TreePath, entry: FileEntry)] = []
        for try await entry in entries {
            guard let path = TreePath(entry.path.rawBytes) else { throw impossiblePath }
            found.append((path, entry))
        }
        if !zip(found, found.dropFirst()).allSatisfy({ $0.path < $1.path }) {
            found.sort { $0.path < $1.path }
            guard zip(found, found.dropFirst()).allSatisfy({ $0.path < $1.path }) else {
                throw SandboxError(.protocolViolation, "the sandbox named a path of its workspace twice")
            }
        }
        return found
    }

    static var impossiblePath: SandboxError {
        SandboxError(.protocolViolation, "the sandbox named an impossible path in its workspace")
    }

    /// Leaves out what either side's rules leave out, except what was synced before. What lies in folders that did not change is what the base says.
    private func judge(_ look: SandboxLook, clock: Int64? = nil) async throws -> SandboxScan {
        var scan = SandboxScan()
        scan.entries.reserveCapacity(max(look.listed.count, base.entries.count))
        let own = try await ownIgnoreFiles(look)
        scan.ownIgnoreFiles = own
        var mine = RuleWalk(IgnoreRules(sync, gitExclude: gitExclude), hostIgnoreFiles)
        var theirs = own.isEmpty ? nil : RuleWalk(IgnoreRules(sync, gitExclude: gitExclude), hostIgnoreFiles.merging(own) { $1 })
        func areIgnored(_ path: TreePath, isDirectory: Bool) -> Bool {
            let isIgnored = mine.ignores(path, isDirectory: isDirectory)
            let isIgnoredInside = theirs?.ignores(path, isDirectory: isDirectory) ?? false
            return isIgnored || isIgnoredInside
        }
        var known = PathCursor(base.entries)
        var kept = look.unchanged.isEmpty ? [] : base.entries[...]
        let now = look.unchanged.isEmpty ? 0 : HostStatus.now()
        func takeKept(before path: TreePath?) {
            while let next = kept.first, path.map({ next.path < $0 }) ?? true {
                kept.removeFirst()
                guard look.isKnown(next.path), let node = next.node else { continue }
                // The rules must see every folder on their way.
                if node.isDirectory { _ = areIgnored(next.path, isDirectory: true) }
                scan.entries.append(
                    SideEntry(
                        next.path, .node(node), stamp: next.sandboxStamp, isSettled: true, modified: next.sandboxStamp?.modified ?? now))
            }
        }
        for (path, entry) in look.listed {
            takeKept(before: path)
            if areIgnored(path, isDirectory: entry.kind == .directory), !base.holdsAnything(at: path) {
                scan.ignored += 1
                continue
            }
            scan.entries.append(side(path, entry, &known, clock: clock))
        }
        takeKept(before: nil)
        return scan
    }

    private func side(_ path: TreePath, _ entry: FileEntry, _ known: inout PathCursor<BaseEntry>, clock: Int64?) -> SideEntry {
        let mode = UInt16(entry.mode & TreeNode.modeMask)
        switch entry.kind {
        case .directory: return SideEntry(path, .node(.directory(mode: mode)), modified: entry.modified)
        case .symbolicLink:
            return SideEntry(path, .node(.link(target: entry.linkTarget?.rawBytes ?? [])), stamp: entry.stamp, modified: entry.modified)
        case .regular:
            let stamp = entry.stamp
            if let digest = entry.digest.flatMap({ ContentDigest($0) }) {
                let isSettled = clock.map { $0 - max(stamp.modified, stamp.changed) >= HostScanner.racyTime } ?? false
                return SideEntry(
                    path, .node(.file(digest: digest, size: entry.size, mode: mode)), stamp: stamp,
                    isSettled: isSettled && stamp.changed != 0, modified: entry.modified)
            }
            let known = known.element(at: path)
            if case .file(let digest, let size, _)? = known?.node, known?.sandboxStamp == stamp, stamp.changed != 0 {
                return SideEntry(
                    path, .node(.file(digest: digest, size: size, mode: mode)), stamp: stamp, isSettled: true, modified: entry.modified)
            }
            return SideEntry(path, .held(reason: ""), stamp: stamp, modified: entry.modified)
        default: return SideEntry(path, .held(reason: "a \(entry.kind.rawValue) is not carried over"))
        }
    }

    /// The ignore files inside that differ from the host's.
    private func ownIgnoreFiles(_ look: SandboxLook) async throws -> [TreePath: [UInt8]] {
        let names = sync.ignoreFiles.map { Array($0.utf8) }
        func isIgnoreFile(_ path: TreePath) -> Bool { names.contains { path.name.elementsEqual($0) } }
        var candidates: [(path: TreePath, stamp: FileStamp)] = look.listed.compactMap { path, entry in
            entry.kind == .regular && isIgnoreFile(path) ? (path, entry.stamp) : nil
        }
        if !look.unchanged.isEmpty {
            for entry in base.entries where isIgnoreFile(entry.path) && look.isKnown(entry.path) {
                if case .file? = entry.node, let stamp = entry.sandboxStamp { candidates.append((entry.path, stamp)) }
            }
        }
        var own: [TreePath: [UInt8]] = [:]
        for (path, stamp) in candidates {
            if let known = hostIgnoreFiles[path], let base = base[path], base.sandboxStamp == stamp, stamp.changed != 0,
                case .file(let digest, _, _)? = base.node, ContentHasher.digest(of: known) == digest
            {
                continue
            }
            guard stamp.size <= UInt64(Self.largestIgnoreFile) else { continue }
            do {
                let content = try await files.readAll(root.pushing(path.filePath), limit: Self.largestIgnoreFile)
                if hostIgnoreFiles[path] != content { own[path] = content }
            } catch is FileRefusal { continue }
        }
        return own
    }
}

/// Applies ignore files while paths go by in their order.
struct RuleWalk {
    private var rules: IgnoreRules
    private let files: [TreePath?: [String: [UInt8]]]
    /// The folder whose content is left out.
    private var skipped: TreePath?
    private var current: [[UInt8]] = []

    init(_ rules: IgnoreRules, _ files: [TreePath: [UInt8]]) {
        self.rules = rules
        var byFolder: [TreePath?: [String: [UInt8]]] = [:]
        for (path, content) in files { byFolder[path.parent, default: [:]][String(decoding: path.name, as: UTF8.self)] = content }
        self.files = byFolder
        self.rules.enter(depth: 0, files: byFolder[TreePath?.none] ?? [:])
    }

    mutating func ignores(_ path: TreePath, isDirectory: Bool) -> Bool {
        if let skipped {
            if path.isBelow(skipped) { return true }
            self.skipped = nil
        }
        let depth = path.bytes.count { $0 == TreePath.slash }
        rules.leave(to: depth + 1)
        if rules.ignores(path, isDirectory: isDirectory) {
            if isDirectory { skipped = path }
            return true
        }
        if isDirectory { rules.enter(depth: depth + 1, files: files[path] ?? [:]) }
        return false
    }
}

extension FileEntry {
    /// `changed` is 0 where the backend does not tell it.
    var stamp: FileStamp { FileStamp(size: size, modified: modified, changed: changed ?? 0, inode: inode ?? 0) }
}

extension FilePath {
    /// The path's bytes as the kernel sees them.
    var rawBytes: [UInt8] {
        withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
}

extension TreePath {
    /// For calls of the sandbox's file system.
    var filePath: FilePath { FilePath(platformString: bytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0]) }
}

/// What time it is in a sandbox: its clock need not be the host's.
enum SandboxClock {
    /// Nanoseconds since 1970 as its file system has it; nil where nothing can be written.
    static func now(_ files: any SandboxFileSystem, _ root: FilePath) async -> Int64? {
        for folder in [FilePath("/tmp"), root] {
            let probe = folder.appending(".sandlot-\(String(UInt64.random(in: .min ... .max), radix: 36))")
            do {
                try await files.write([], to: probe, options: FileWriteOptions(mode: 0o600, exclusive: true))
                let entry = try await files.stat(probe, followsLinks: false)
                try? await files.remove(probe, recursive: false)
                return max(entry.modified, entry.changed ?? 0)
            } catch { continue }
        }
        return nil
    }
}
