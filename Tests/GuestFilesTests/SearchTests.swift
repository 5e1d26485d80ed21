import Glibc
import GuestFiles
import GuestProtocol
import Testing

@Suite("Searches")
struct SearchTests {
    let directory: TemporaryDirectory
    let harness = Harness()

    init() throws { directory = try TemporaryDirectory() }

    private func glob(_ pattern: String, hidden: Bool = false, limit: UInt32 = 0) throws -> [String] {
        let root = directory.path.bytes
        guard
            case .entries(let entries, _) = try harness.answer(
                .glob(root: root, pattern: pattern.bytes, limit: limit, includesHidden: hidden))
        else {
            return []
        }
        return entries.map { $0.path.dropFirst(root.count + 1).split(separator: 0).first.map { Array($0).text } ?? "" }
    }

    private func grep(
        _ pattern: String, in path: String = "", literal: Bool = false, ignoresCase: Bool = false, glob: String = "", context: UInt32 = 0,
        limit: UInt32 = 0, hidden: Bool = false
    ) throws -> (lines: [String], truncated: Bool) {
        let query = GrepQuery(
            root: directory(path), pattern: pattern.bytes, isLiteral: literal, ignoresCase: ignoresCase, glob: glob.bytes, context: context,
            limit: limit, includesHidden: hidden)
        guard case .matches(let matches, let truncated) = try harness.answer(.grep(query)) else { return ([], false) }
        let lines = matches.map { "\($0.path.text.split(separator: "/").last ?? "")\($0.isContext ? "-" : ":")\($0.line):\($0.text.text)" }
        return (lines, truncated)
    }

    @Test
    func `a glob finds paths in the order of the tree`() throws {
        shell(
            "cd '\(directory.path)' && mkdir -p src/deep .git a-b a && touch src/x.swift src/deep/y.swift src/z.c .git/c.swift a-b/q.swift a/q.swift .h.swift"
        )
        symlink("src", "\(directory.path)/link")
        #expect(try glob("**/*.swift") == ["a/q.swift", "a-b/q.swift", "src/deep/y.swift", "src/x.swift"])
        #expect(try glob("**/*.swift", hidden: true).count == 6)
        #expect(try glob("src/*.{swift,c}") == ["src/x.swift", "src/z.c"])
        #expect(try glob("*") == ["a", "a-b", "link", "src"])
        #expect(try glob("*/") == ["a", "a-b", "src"])
        #expect(try glob(".*") == [".git", ".h.swift"])
        #expect(try glob("link/**") == [])
        #expect(try glob("**/*.swift", limit: 2) == ["a/q.swift", "a-b/q.swift"])
        #expect(try harness.failure(.glob(root: directory("none"), pattern: "*".bytes, limit: 0, includesHidden: false)) == .notFound)
    }

    @Test
    func `a grep finds lines by expression and by text`() throws {
        try directory.write("one\ntwo three\r\nTWO\nt.o", to: "a.txt")
        try directory.write("two\n", to: "b.md")
        try directory.write("two\0binary\n", to: "c.bin")
        try directory.write("two\n", to: ".hidden")
        #expect(try grep("^t.o").lines == ["a.txt:2:two three", "a.txt:4:t.o", "b.md:1:two"])
        #expect(try grep("t.o", literal: true).lines == ["a.txt:4:t.o"])
        #expect(try grep("two", ignoresCase: true, glob: "*.txt").lines == ["a.txt:2:two three", "a.txt:3:TWO"])
        #expect(try grep("TWO", literal: true, ignoresCase: true).lines == ["a.txt:2:two three", "a.txt:3:TWO", "b.md:1:two"])
        #expect(try grep("three$").lines == ["a.txt:2:two three"])
        #expect(try grep("two", hidden: true).lines.first == ".hidden:1:two")
        #expect(try grep("two", in: "b.md").lines == ["b.md:1:two"])
        #expect(try grep("t", limit: 2).lines.count == 2)
        #expect(try grep("t", limit: 2).truncated)
        #expect(try !grep("two", in: "b.md", limit: 1).truncated)
    }

    @Test
    func `context comes once, around its matches`() throws {
        try directory.write((1...12).map { "line \($0)\n" }.joined(), to: "f")
        #expect(try grep("line [57]$", context: 1).lines == ["f-4:line 4", "f:5:line 5", "f-6:line 6", "f:7:line 7", "f-8:line 8"])
        #expect(try grep("line 1$", context: 2).lines == ["f:1:line 1", "f-2:line 2", "f-3:line 3"])
        #expect(try grep("line 12", literal: true, context: 2).lines == ["f-10:line 10", "f-11:line 11", "f:12:line 12"])
    }

    @Test
    func `line numbers stay right across blocks and endless lines`() throws {
        var text = ""
        for index in 1...200_000 { text += "number \(index)\n" }
        try directory.write(text, to: "many")
        #expect(try grep("number 199999", literal: true).lines == ["many:199999:number 199999"])
        #expect(
            try grep("^number 150000$", context: 1).lines == [
                "many-149999:number 149999", "many:150000:number 150000", "many-150001:number 150001",
            ])

        var long = [UInt8](repeating: 0x78, count: 3_500_000) + "\nneedle\n".bytes
        long.replaceSubrange(0..<6, with: "needle".bytes)
        try directory.write(long, to: "many")
        let lines = try grep("needle", literal: true).lines
        #expect(lines.count == 2)
        #expect(lines.last == "many:2:needle")
        #expect(lines.first.map { $0.utf8.count } == "many:1:".utf8.count + 4096)
        #expect(try grep("^needle$").lines == ["many:2:needle"])
    }

    @Test
    func `a cut line never ends in half a character`() throws {
        try directory.write("x" + String(repeating: "é", count: 5000), to: "f")
        guard
            case .matches(let matches, _) = try harness.answer(
                .grep(
                    GrepQuery(
                        root: directory.path.bytes, pattern: "é".bytes, isLiteral: true, ignoresCase: false, glob: [], context: 0, limit: 1,
                        includesHidden: false)))
        else { return }
        #expect(matches.first?.text.count == 4095)
        #expect(matches.first.flatMap { String(validating: $0.text, as: UTF8.self) } != nil)
    }

    @Test(
        arguments: [
            String(repeating: "(", count: 200) + "x" + String(repeating: ")", count: 200), String(repeating: "a?", count: 2000),
            String(repeating: "a|", count: 2000) + "x", "(((a*)*)*)*x",
            String(repeating: "(a|", count: 200) + "x" + String(repeating: ")", count: 200),
            "a+x|^x", "[a-z]+[0-9]|x", "(a|b)*a(a|b){200}c|^x$",
        ])
    func `patterns that are heavy for the C library neither crash nor hang`(pattern: String) throws {
        try directory.write(String(repeating: "a", count: 100_000) + "b\nx\n", to: "f")
        #expect(try grep(pattern).lines.last == "f:2:x")
    }

    @Test
    func `short and long lines are matched alike`() throws {
        let padding = String(repeating: "-", count: 400)
        for pattern in ["^ab|cd$", "b.*c", "^$", "(^|-)x(-|$)", "[^-]y$"] {
            for line in ["ab", "cd", "xcd", "abx", "b--c", "x", "-x-", "ay", "-y", ""] {
                try directory.write(line + "\n", to: "short")
                try directory.write(line + padding + "\n" + padding + line + "\n", to: "long")
                let short = try grep(pattern, in: "short").lines.count == 1
                #expect(short == (shell("grep -cE '\(pattern)' '\(directory.path)/short'") == "1\n"))
                let long = try grep(pattern, in: "long").lines.count
                #expect(shell("grep -cE '\(pattern)' '\(directory.path)/long'") == "\(long)\n")
            }
        }
    }

    @Test
    func `a brace that is no interval is no reason to refuse`() throws {
        try directory.write("if x { 20000 20000 }\n", to: "f")
        #expect(try grep("x [{] 20000 20000").lines.count == 1)
    }

    @Test(
        arguments: [String(repeating: "(", count: 2000), "(", "a{1000}{1000}", "((a{1,255}){1,255}){1,255}", "(a)\\1", "a\nb", ""])
    func `patterns that are wrong or dangerous are refused`(pattern: String) throws {
        #expect(throws: GuestFailure.self) { try grep(pattern) }
    }
}
