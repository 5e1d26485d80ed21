import SandboxCore
import SystemPackage

/// Glob, grep and watch.
enum SearchCases {
    static let all: [ConformanceCase] = [
        glob("basic", "*.txt", ["a.txt", "b.txt"]),
        glob("question-mark", "?.txt", ["a.txt", "b.txt"]),
        glob("character-class", "[ab].*", ["a.txt", "b.txt"]),
        glob("negated-class", "[!ab]*.md", ["c.md"]),
        glob("folder", "sub/*.txt", ["sub/d.txt"]),
        glob("recursive", "**/*.txt", ["a.txt", "b.txt", "sub/d.txt", "sub/deep/e.txt"]),
        glob("none", "*.nothing", []),
        glob("hidden", "*.txt", [".h.txt", "a.txt", "b.txt"], hidden: true),
        FileCases.files("glob-limit", "a glob stops at its limit and says that there is more") { c, sandbox in
            try await tree(c, sandbox)
            let found = try await sandbox.files.glob("**/*.txt", root: ".", limit: 2, includesHidden: false)
            try c.expect(found.entries.count, equals: 2, "the entries")
            try c.expect(found.more, equals: true, "more")
        },
        grep("literal", FileSearch(root: ".", pattern: "a.c", isLiteral: true), ["one.txt:3:a.c"]),
        grep("expression", FileSearch(root: ".", pattern: "^a.c$"), ["one.txt:2:abc", "one.txt:3:a.c", "sub/two.md:1:abc"]),
        grep("case", FileSearch(root: ".", pattern: "ABC", isLiteral: true), []),
        grep(
            "ignore-case", FileSearch(root: ".", pattern: "ABC", isLiteral: true, ignoresCase: true), ["one.txt:2:abc", "sub/two.md:1:abc"]),
        grep("glob", FileSearch(root: ".", pattern: "abc", isLiteral: true, glob: "*.md"), ["sub/two.md:1:abc"]),
        grep("unicode", FileSearch(root: ".", pattern: "grüße", isLiteral: true), ["one.txt:4:grüße"]),
        grep("none", FileSearch(root: ".", pattern: "nowhere", isLiteral: true), []),
        grep("limit", FileSearch(root: ".", pattern: "abc", isLiteral: true, limit: 1), ["one.txt:2:abc"], truncated: true),
        FileCases.files("grep-context", "lines around a match are marked as context") { c, sandbox in
            try await searched(c, sandbox)
            let found = try await sandbox.files.grep(FileSearch(root: ".", pattern: "a.c", isLiteral: true, context: 1))
            try c.expect(found.matches.map { "\($0.line)\($0.isContext ? "-" : ":")" }, equals: ["2-", "3:", "4-"], "the lines")
        },
        FileCases.files("grep-bad-expression", "an expression that is none is refused") { c, sandbox in
            do {
                _ = try await sandbox.files.grep(FileSearch(root: ".", pattern: "(unclosed"))
                throw ConformanceFailure(expected: "a refusal", found: "an answer")
            } catch let error as SandboxError {
                try c.expect(error.code, equals: .invalidArgument, "the code")
            } catch let refusal as FileRefusal { try c.expect(refusal.reason, equals: .invalid, "the reason") }
        },
        FileCases.files("watch", "a watch tells of files that are created, changed and removed, deep ones too") { c, sandbox in
            _ = try await c.output(of: "mkdir -p tree/deep", in: sandbox)
            let stream = try await sandbox.files.watch("tree", recursive: true)
            var iterator = stream.makeAsyncIterator()
            func told(_ kinds: Set<FileChange.Kind>, _ name: String) async throws {
                while let change = try await iterator.next() {
                    if change.kind == .overflow || kinds.contains(change.kind) && change.path.string.hasSuffix(name) { return }
                }
                throw ConformanceFailure(expected: "a change of \(name)", found: "the end of the watch")
            }
            try await sandbox.files.write(text: "x", to: "tree/new")
            try await told([.created, .modified], "tree/new")
            try await sandbox.files.write(text: "x", to: "tree/deep/below")
            try await told([.created, .modified], "tree/deep/below")
            try await sandbox.files.remove("tree/new", recursive: false)
            try await told([.removed], "tree/new")
        },
        FileCases.files("watch-missing", "watching what does not exist is not_found") { c, sandbox in
            try await c.expectRefusal([.notFound], "the watch") { _ = try await sandbox.files.watch("missing", recursive: true) }
        },
    ]

    private static func tree(_ c: ConformanceContext, _ sandbox: any Sandbox) async throws {
        _ = try await c.output(
            of: "mkdir -p sub/deep; : >a.txt; : >b.txt; : >c.md; : >.h.txt; : >sub/d.txt; : >sub/deep/e.txt", in: sandbox)
    }

    private static func glob(_ name: String, _ pattern: String, _ expected: [String], hidden: Bool = false) -> ConformanceCase {
        FileCases.files("glob-\(name)", "the glob '\(pattern)' finds what it should, sorted") { c, sandbox in
            try await tree(c, sandbox)
            let found = try await sandbox.files.glob(pattern, root: ".", limit: 100, includesHidden: hidden)
            try c.expect(found.entries.map { relative($0.path, sandbox) }, equals: expected, "the paths")
        }
    }

    private static func searched(_ c: ConformanceContext, _ sandbox: any Sandbox) async throws {
        try await sandbox.files.write(text: "first\nabc\na.c\ngrüße\nlast\n", to: "one.txt")
        try await sandbox.files.write(text: "abc\n", to: "sub/two.md", options: FileWriteOptions(createsParents: true))
    }

    private static func grep(_ name: String, _ search: FileSearch, _ expected: [String], truncated: Bool = false) -> ConformanceCase {
        FileCases.files("grep-\(name)", "grep finds '\(search.pattern)' where it is, with line numbers") { c, sandbox in
            try await searched(c, sandbox)
            let found = try await sandbox.files.grep(search)
            let lines = found.matches.map { "\(relative($0.path, sandbox)):\($0.line):\(String(decoding: $0.text, as: UTF8.self))" }
            try c.expect(lines.sorted(), equals: expected, "the matches")
            try c.expect(found.truncated, equals: truncated, "truncated")
        }
    }

    /// As seen from the workspace, whether the backend answers absolute or relative paths.
    private static func relative(_ path: FilePath, _ sandbox: any Sandbox) -> String {
        var normal = path.lexicallyNormalized()
        _ = normal.removePrefix(sandbox.workspacePath)
        return normal.string
    }
}
