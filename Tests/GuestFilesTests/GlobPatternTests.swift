import GuestProtocol
import Testing

@testable import GuestFiles

@Suite("Glob patterns")
struct GlobPatternTests {
    @Test(arguments: [
        ("*", "abc", true), ("*", "", true), ("*", ".h", false), (".*", ".h", true), ("?", "a", true), ("?", "é", true), ("??", "é", false),
        ("?", ".", false), ("a*c", "abbc", true), ("a*c", "abbd", false), ("*.swift", "x.swift", true), ("*.swift", "x.swift2", false),
        ("**", "abc", true), ("*a*b*c*", "xxaxxbxxcxx", true), ("*a*b*c*", "xxaxxcxxbxx", false), ("[abc]", "b", true),
        ("[a-c]x", "bx", true),
        ("[a-c]", "d", false), ("[!a-c]", "d", true), ("[^a-c]", "b", false), ("[]]", "]", true), ("[!]]", "a", true), ("[a-]", "-", true),
        ("[à-ü]", "é", true), ("[à-ü]", "z", false), ("[", "[", true), ("[a", "[a", true), ("\\*", "*", true), ("\\*", "a", false),
        ("a\\", "a\\", true), ("[\\]]", "]", true), ("[!.]x", ".x", false), ("", "", true), ("", "a", false), ("a", "A", false),
    ])
    func `a name matches as in a shell`(pattern: String, name: String, expected: Bool) {
        #expect(NamePattern(pattern.bytes[...]).matches(name.bytes, includesHidden: false) == expected)
    }

    @Test(arguments: [
        ("a/*", "a/b", true), ("a/*", "a/b/c", false), ("**/c", "c", true), ("**/c", "a/b/c", true), ("**/c", "a/.b/c", false),
        ("a/**", "a", false),
        ("a/**", "a/b/c", true), ("a/**/d", "a/d", true), ("a/**/d", "a/b/c/d", true), ("a/**/**/d", "a/d", true), ("{a,b}/c", "b/c", true),
        ("{a,b}/c", "c/c", false), ("{a/x,b}/c", "a/x/c", true), ("x{1,{2,3}}y", "x3y", true), ("x{}y", "x{}y", true), ("{a}", "{a}", true),
        ("{a,b", "{a,b", true), ("\\{a,b\\}", "{a,b}", true), ("{,a}b", "b", true), ("./a//b", "a/b", true), ("**", "a/b", true),
        (".*/x", ".a/x", true),
    ])
    func `a path matches as in a shell`(pattern: String, path: String, expected: Bool) throws {
        #expect(try GlobPattern(pattern.bytes).matches(path.bytes, includesHidden: false) == expected)
    }

    @Test(arguments: ["", "/a", "../a", "a/../b", "a\0b"])
    func `a pattern that leaves the root or makes no sense is refused`(pattern: String) {
        #expect(throws: GuestFailure.self) { try GlobPattern(pattern.bytes) }
    }

    @Test
    func `hostile patterns cost neither time nor memory`() throws {
        let stars = String(repeating: "*a", count: 1000) + "b"
        #expect(!NamePattern(stars.bytes[...]).matches([UInt8](repeating: 0x61, count: 255), includesHidden: false))
        #expect(throws: GuestFailure.self) { try GlobPattern(String(repeating: "{a,b}", count: 500).bytes) }
        let deep = String(repeating: "**/a/", count: 200) + "b"
        #expect(try !GlobPattern(deep.bytes).matches(String(repeating: "a/", count: 400).bytes, includesHidden: false))
    }

    @Test
    func `invalid UTF-8 is matched byte by byte`() {
        #expect(NamePattern("a?b".bytes[...]).matches([0x61, 0xFF, 0x62], includesHidden: false))
        #expect(!NamePattern("a?b".bytes[...]).matches([0x61, 0xFF, 0xFE, 0x62], includesHidden: false))
        #expect(NamePattern("*".bytes[...]).matches([0xC3], includesHidden: false))
    }
}
