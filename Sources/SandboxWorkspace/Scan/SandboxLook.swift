import SandboxCore
import SystemPackage

/// What a sandbox told of its tree: the nodes of the folders that changed, and which did not.
struct SandboxLook: Sendable {
    /// More folders than this are not asked for one by one.
    private static let fewFolders = 5000

    /// In the order of paths.
    var listed: [(path: TreePath, entry: FileEntry)] = []
    /// Folders that hold what the base says; nil is the root.
    var unchanged: Set<TreePath?> = []

    /// What can be asked for without the host's rules, so that both sides are looked at together.
    enum First: Sendable {
        case folders([(path: TreePath?, isUnchanged: Bool)])
        case listing([(path: TreePath, entry: FileEntry)])
    }

    static func begin(_ files: any SandboxFileSystem, _ root: FilePath, _ base: BaseIndex) async throws -> First {
        guard base.hasSandboxStamps, let digests = try await files.folderDigests(of: root) else {
            // Without anything that proves what was seen before, the guest hashes as it goes.
            let isUnproven = !base.entries.isEmpty && !base.hasSandboxStamps
            return .listing(try await SandboxScanner.listing(files, root, digests: isUnproven))
        }
        let known = KnownFolders(base)
        var found: [(path: TreePath?, isUnchanged: Bool)] = []
        for try await folder in digests {
            let path = folder.path.isEmpty ? nil : TreePath(folder.path.rawBytes)
            guard path != nil || folder.path.isEmpty else { throw SandboxScanner.impossiblePath }
            found.append((path, known.isUnchanged(path, folder.digest)))
        }
        return .folders(found)
    }

    /// Lists the folders that changed, but for those that the rules leave out.
    static func take(
        _ files: any SandboxFileSystem, _ root: FilePath, _ first: First, _ base: BaseIndex, rules: IgnoreRules,
        ignoreFiles: [TreePath: [UInt8]]
    ) async throws -> SandboxLook {
        let folders: [(path: TreePath?, isUnchanged: Bool)]
        switch first {
        case .listing(let listed): return SandboxLook(listed: listed)
        case .folders(let found): folders = found
        }
        var look = SandboxLook()
        var walk = RuleWalk(rules, ignoreFiles)
        var wanted: [FilePath] = []
        for folder in folders.sorted(by: { isBefore($0.path, $1.path) }) {
            let isIgnored = folder.path.map { walk.ignores($0, isDirectory: true) && !base.holdsAnything(at: $0) } ?? false
            if folder.isUnchanged {
                look.unchanged.insert(folder.path)
            } else if !isIgnored {
                wanted.append(folder.path?.filePath ?? FilePath())
            }
        }
        if wanted.count > fewFolders {
            return SandboxLook(listed: try await SandboxScanner.listing(files, root, digests: false))
        }
        if !wanted.isEmpty { look.listed = try await SandboxScanner.sorted(try await files.entries(in: wanted, below: root)) }
        look.dropWhatIsGone()
        return look
    }

    /// A folder may have gone after it told its digest.
    private mutating func dropWhatIsGone() {
        let folders = Set(listed.lazy.filter { $0.entry.kind == .directory }.map(\.path))
        for folder in unchanged.compactMap({ $0 }).sorted() where !(unchanged.contains(folder.parent) || folders.contains(folder)) {
            unchanged.remove(folder)
        }
    }

    /// The root comes first.
    private static func isBefore(_ one: TreePath?, _ other: TreePath?) -> Bool {
        guard let other else { return false }
        return one.map { $0 < other } ?? true
    }

    /// Whether the base tells what the sandbox has at a path.
    func isKnown(_ path: TreePath) -> Bool { unchanged.contains(path.parent) }
}
