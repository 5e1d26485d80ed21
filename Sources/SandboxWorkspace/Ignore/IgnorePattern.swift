/// One line of an ignore file, in the language of `.gitignore`.
struct IgnorePattern: Sendable, Equatable {
    /// Takes back what an earlier pattern ignored.
    let isNegated: Bool
    let onlyDirectories: Bool
    /// Matched against the path from the ignore file's directory; otherwise against the name alone.
    private let isAnchored: Bool
    /// Between slashes; `**` is any number of parts.
    private let parts: [Glob]

    /// Nil for a line that names nothing: blank, a comment, or one that can match nothing.
    init?(line: some Collection<UInt8>) {
        var text = Array(line)
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        Self.trimBlanks(&text)
        guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
        isNegated = first == UInt8(ascii: "!")
        if isNegated { text.removeFirst() }
        onlyDirectories = text.last == TreePath.slash
        if onlyDirectories { text.removeLast() }
        let startsAtRoot = text.first == TreePath.slash
        if startsAtRoot { text.removeFirst() }
        guard !text.isEmpty else { return nil }
        isAnchored = startsAtRoot || text.contains(TreePath.slash)
        let pieces = text.split(separator: TreePath.slash, omittingEmptySubsequences: false)
        // An empty part between two slashes matches no name.
        guard pieces.allSatisfy({ !$0.isEmpty }) else { return nil }
        parts = pieces.map { Glob(Array($0), isPath: pieces.count > 1) }
    }

    /// Whether it names a path, given by its parts below the ignore file's directory.
    func matches(_ path: ArraySlice<ArraySlice<UInt8>>, isDirectory: Bool) -> Bool {
        guard !onlyDirectories || isDirectory, let name = path.last else { return false }
        return isAnchored ? Self.match(parts[...], path) : parts[0].matches(name)
    }

    private static func match(_ parts: ArraySlice<Glob>, _ path: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        guard let part = parts.first else { return path.isEmpty }
        guard part.isAnyDepth else {
            guard let name = path.first, part.matches(name) else { return false }
            return match(parts.dropFirst(), path.dropFirst())
        }
        let rest = parts.drop { $0.isAnyDepth }
        // At the end it means everything inside, so at least one name.
        if rest.isEmpty { return !path.isEmpty }
        var path = path
        while true {
            if match(rest, path) { return true }
            if path.isEmpty { return false }
            path = path.dropFirst()
        }
    }

    /// Blanks at the end do not count unless a backslash protects them.
    private static func trimBlanks(_ text: inout [UInt8]) {
        while text.last == UInt8(ascii: " ") {
            let backslashes = text.dropLast().reversed().prefix { $0 == UInt8(ascii: "\\") }.count
            if backslashes % 2 == 1 { return }
            text.removeLast()
        }
    }
}

/// The patterns of one file, in their order.
struct IgnoreList: Sendable, Equatable {
    private let patterns: [IgnorePattern]

    init(_ content: some Collection<UInt8>) {
        var content = Array(content)
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content.removeFirst(3) }
        patterns = content.split(separator: UInt8(ascii: "\n")).compactMap { IgnorePattern(line: $0) }
    }

    init(lines: [String]) { patterns = lines.compactMap { IgnorePattern(line: Array($0.utf8)) } }

    var isEmpty: Bool { patterns.isEmpty }

    /// What the last pattern that matches says; nil when none does.
    func verdict(_ path: ArraySlice<ArraySlice<UInt8>>, isDirectory: Bool) -> Bool? {
        patterns.last { $0.matches(path, isDirectory: isDirectory) }.map { !$0.isNegated }
    }
}
