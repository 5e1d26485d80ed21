public import SandboxCore

/// What a workspace leaves out: the session's own patterns, then the ignore files from the deepest folder up to the root, then what is left out
/// by default. The first list that says anything about a path decides.
public struct IgnoreRules: Sendable {
    /// Dependency and cache folders that a package manager or a build makes again.
    public static let dependencies = [
        "node_modules/", ".venv/", "venv/", "__pycache__/", "*.pyc", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".tox/", ".nox/",
        ".gradle/", ".build/", ".cache/", ".parcel-cache/", ".next/cache/", ".turbo/", ".terraform/", ".DS_Store",
    ]

    /// What Sandlot itself keeps in a tree, and what git holds only for a moment.
    private static let own = IgnoreList(lines: ["/.sandlot/", ".sandlot-*", ".git/**/*.lock", ".git/*.lock"])

    /// The names of the ignore files that count, the stronger ones last.
    public let fileNames: [String]
    private let extra: IgnoreList
    private let defaults: IgnoreList
    private var scopes: [Scope] = []

    private struct Scope {
        var depth: Int
        var lists: [IgnoreList]
    }

    /// The rules at the root of a workspace; `gitExclude` is what git keeps in `.git/info/exclude`.
    public init(_ sync: WorkspaceSync, gitExclude: [UInt8] = []) {
        fileNames = sync.ignoreFiles
        extra = IgnoreList(lines: sync.excludes)
        defaults = IgnoreList(lines: sync.excludesDependencies ? Self.dependencies : [])
        let exclude = IgnoreList(gitExclude)
        if !exclude.isEmpty { scopes = [Scope(depth: 0, lists: [exclude])] }
    }

    /// The rules in a folder `depth` folders below the root: those above and those that its own ignore files add.
    mutating func enter(depth: Int, files: [String: [UInt8]]) {
        leave(to: depth)
        let lists = fileNames.compactMap { files[$0] }.map { IgnoreList($0) }.filter { !$0.isEmpty }
        if !lists.isEmpty { scopes.append(Scope(depth: depth, lists: lists)) }
    }

    /// Forgets the rules of folders at a depth or deeper; those of the root stay.
    mutating func leave(to depth: Int) {
        while let last = scopes.last, last.depth >= max(depth, 1) { scopes.removeLast() }
    }

    /// Whether a path is left out, given that none of the folders above it is.
    func ignores(_ path: TreePath, isDirectory: Bool) -> Bool {
        let parts = path.parts[...]
        if Self.own.verdict(parts, isDirectory: isDirectory) == true { return true }
        if let verdict = extra.verdict(parts, isDirectory: isDirectory) { return verdict }
        for scope in scopes.reversed() where parts.count > scope.depth {
            for list in scope.lists.reversed() {
                if let verdict = list.verdict(parts.dropFirst(scope.depth), isDirectory: isDirectory) { return verdict }
            }
        }
        return defaults.verdict(parts, isDirectory: isDirectory) ?? false
    }
}
