/// Reads one JSON value, strictly, within bounds: what a hostile peer sends costs no more than its bytes.
struct JSONParser {
    /// What is wrong, and where.
    struct Problem: Error, CustomStringConvertible {
        var what: String
        var position: Int
        var description: String { "\(what) at byte \(position)" }
    }

    private static let depthLimit = 64
    /// An array of a million empty arrays is three megabytes on the wire and a hundred in memory.
    private static let valueLimit = 200_000

    private let bytes: [UInt8]
    private var position = 0
    private var values = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws -> JSON {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.problem("more than one value") }
        return value
    }

    private func problem(_ what: String) -> Problem { Problem(what: what, position: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func value(depth: Int) throws -> JSON {
        values += 1
        guard values <= Self.valueLimit else { throw problem("more than \(Self.valueLimit) values") }
        guard depth < Self.depthLimit else { throw problem("nested deeper than \(Self.depthLimit)") }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default:
            guard let byte = next, byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) else { throw problem("no value") }
            return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw problem("no value") }
        position += word.utf8.count
        return value
    }

    private mutating func array(_ depth: Int) throws -> JSON {
        position += 1
        var elements: [JSON] = []
        skipBlanks()
        if take("]") { return .array([]) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw problem("no ',' or ']'") }
        }
    }

    private mutating func object(_ depth: Int) throws -> JSON {
        position += 1
        var members: [(name: String, value: JSON)] = []
        skipBlanks()
        if take("}") { return .object(JSON.Members()) }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw problem("no name of a member") }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw problem("no ':'") }
            members.append((name, try value(depth: depth + 1)))
            skipBlanks()
            if take("}") { return .object(JSON.Members(members)) }
            guard take(",") else { throw problem("no ',' or '}'") }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func number() throws -> JSON {
        let start = position
        _ = take("-")
        let leading = next
        guard digits() > 0 else { throw problem("no digit") }
        if leading == UInt8(ascii: "0"), position - start > (bytes[start] == UInt8(ascii: "-") ? 2 : 1) { throw problem("a leading zero") }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard digits() > 0 else { throw problem("no digit") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw problem("no digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let number = Int64(text) { return .integer(number) }
        guard let number = Double(text), number.isFinite else { throw problem("a number out of range") }
        return .number(number)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func string() throws -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw problem("a string that is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw problem("a control character in a string")
            default: content.append(byte)
            }
        }
        throw problem("a string without an end")
    }

    private mutating func escape(into content: inout [UInt8]) throws {
        guard let byte = next else { throw problem("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content += String(Character(try scalar())).utf8
        default: throw problem("an unknown escape")
        }
    }

    /// A lone surrogate becomes the replacement character: clients that cut text in the middle send them.
    private mutating func scalar() throws -> Unicode.Scalar {
        let first = try unit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let isPair = (0xD800..<0xDC00).contains(first) && bytes[position...].starts(with: "\\u".utf8)
        guard isPair else { return "\u{FFFD}" }
        let before = position
        position += 2
        let second = try unit()
        guard (0xDC00..<0xE000).contains(second) else {
            position = before
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func unit() throws -> UInt32 {
        guard position + 4 <= bytes.count else { throw problem("an escape without an end") }
        var unit: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { throw problem("an unknown escape") }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }
}
