import SandboxCore
import Synchronization
import SystemPackage

extension MemoryFiles {
    func grep(_ search: FileSearch) async throws -> (matches: [FileMatch], truncated: Bool) {
        try check()
        let pattern = try LinePattern(search)
        let base = absolute(search.root)
        let files = try disk.tree.withLock { tree -> [(path: [UInt8], bytes: [UInt8])] in
            let root = try tree.node(base)
            if tree[root]?.kind == .regular { return [(base, tree[root]?.bytes ?? [])] }
            return tree.walk(below: root).compactMap { found in
                guard tree[found.node]?.kind == .regular, Self.isWanted(found.path, search) else { return nil }
                return (base + [0x2F] + found.path, tree[found.node]?.bytes ?? [])
            }
        }
        var matches: [FileMatch] = []
        var count = 0
        for file in files where !file.bytes.prefix(8192).contains(0) {
            try Task.checkCancellation()
            var lines = file.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            if lines.last?.isEmpty == true { lines.removeLast() }
            let hits = lines.indices.filter { pattern.matches(lines[$0]) }
            var shown = -1
            for hit in hits {
                guard count < search.limit else { return (matches, true) }
                count += 1
                for index in Swift.max(shown + 1, hit - search.context)...Swift.min(lines.count - 1, hit + search.context)
                where index > shown {
                    let isHit = hits.contains(index)
                    if isHit && index != hit { break }
                    matches.append(
                        FileMatch(
                            path: FilePath(bytes: file.path), line: index + 1, isContext: !isHit, text: Array(lines[index].prefix(4096))))
                    shown = index
                }
            }
        }
        return (matches, false)
    }

    private static func isWanted(_ path: [UInt8], _ search: FileSearch) -> Bool {
        let names = path.split(separator: 0x2F)
        if !search.includesHidden && names.contains(where: { $0.first == 0x2E }) { return false }
        guard let glob = search.glob else { return true }
        if GlobPattern.hasSlash(glob) { return GlobPattern(glob).matches(path, includesHidden: true) }
        return GlobPattern.matchName(Array(glob.utf8)[...], names.last ?? [])
    }
}

/// A search for text or for a regular expression.
private struct LinePattern {
    private let literal: [UInt8]?
    private let expression: Regex<AnyRegexOutput>?
    private let ignoresCase: Bool

    init(_ search: FileSearch) throws {
        ignoresCase = search.ignoresCase
        if search.isLiteral {
            literal = Array((search.ignoresCase ? search.pattern.lowercased() : search.pattern).utf8)
            expression = nil
            return
        }
        literal = nil
        do { expression = try Regex(search.pattern).ignoresCase(search.ignoresCase) } catch {
            throw SandboxError(.invalidArgument, "'\(search.pattern.prefix(80))' is not a regular expression", cause: error)
        }
    }

    func matches(_ line: ArraySlice<UInt8>) -> Bool {
        if let literal {
            let text = ignoresCase ? Array(String(decoding: line, as: UTF8.self).lowercased().utf8) : Array(line)
            guard literal.count <= text.count else { return false }
            return (0...(text.count - literal.count)).contains { text[$0...].starts(with: literal) }
        }
        guard let expression else { return false }
        return (try? expression.firstMatch(in: String(decoding: line, as: UTF8.self))) != nil
    }
}
