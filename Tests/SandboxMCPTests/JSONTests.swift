import Testing

@testable import SandboxMCP

@Suite("JSON")
struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSONParser.parse(Array(text.utf8)) }

    @Test("what is written is read back the same, in the same order")
    func roundTrip() throws {
        let value: JSON = [
            "z": 1, "a": [true, false, .null, -7, .number(1.5)], "text": "a\"b\\c\n\t\u{1}\u{7F}é😀", "empty": [:], "none": [],
        ]
        #expect(try JSONParser.parse(value.bytes) == value)
        #expect(!value.bytes.contains(0x0A))
    }

    @Test("escapes, surrogate pairs and lone surrogates are read")
    func escapes() throws {
        #expect(try parse(#""\u0041\ud83d\ude00\/\b\f""#) == .string("A😀/\u{8}\u{C}"))
        #expect(try parse(#""\ud83dx""#) == .string("\u{FFFD}x"))
        #expect(try parse(#""\ud83d\u0041""#) == .string("\u{FFFD}A"))
    }

    @Test(
        "numbers keep their kind",
        arguments: [("0", JSON.integer(0)), ("-12", .integer(-12)), ("1e3", .number(1000)), ("0.5", .number(0.5))])
    func numbers(_ text: String, _ value: JSON) throws { #expect(try parse(text) == value) }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\" 1}", "01", "-", "1.", "1e", "nul", "\"\u{1}\"", "\"\\x\"", "\"\\u12\"", "1 2", "{a:1}", "[1 2]", "+1",
            "1e999", "\"open", "tru", "\u{FEFF}{}",
        ])
    func malformed(_ text: String) { #expect(throws: JSONParser.Problem.self) { try parse(text) } }

    @Test("bytes that are no text, depth and numbers of values have bounds")
    func bounds() {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONParser.Problem.self) { try parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONParser.Problem.self) { try parse("[" + String(repeating: "0,", count: 300_000) + "0]") }
    }

    @Test("lines are cut wherever the pieces end, and one that is too long costs nothing")
    func lines() {
        var splitter = LineSplitter(limit: 4)
        #expect(splitter.add(Array("ab".utf8)) == [])
        #expect(splitter.add(Array("c\n\nd\n".utf8)) == [.whole(Array("abc".utf8)), .whole(Array("d".utf8))])
        #expect(splitter.add(Array("12345".utf8)) == [.tooLong])
        #expect(splitter.add(Array("6789".utf8)) == [])
        #expect(splitter.add(Array("0\nok\nla".utf8)) == [.whole(Array("ok".utf8))])
        #expect(splitter.finish() == [.whole(Array("la".utf8))])
    }

    @Test("a cut never splits a character")
    func cuts() {
        let text = Array("aé€😀".utf8)
        for count in 0...text.count {
            #expect(String(validating: TextCut.beginning(Array(text.prefix(count))), as: UTF8.self) != nil, "\(count)")
            #expect(String(validating: TextCut.end(Array(text.suffix(count))), as: UTF8.self) != nil, "\(count)")
        }
    }
}
