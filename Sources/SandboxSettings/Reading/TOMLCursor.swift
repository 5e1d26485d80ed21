/// Steps through the bytes of TOML lines: enough of the grammar to find where keys and values begin and end.
struct TOMLCursor {
    private var line: [UInt8]
    private(set) var position = 0
    /// One past the last byte of the value that `skipValue` stepped over.
    private(set) var valueEnd = 0
    /// Open brackets and braces of the value.
    private var depth = 0
    /// The quotes that an unfinished multi-line string waits for.
    private var openQuotes: [UInt8]?

    init(_ line: [UInt8]) { self.line = line }

    var peek: UInt8? { position < line.count ? line[position] : nil }

    mutating func advance() { position += 1 }

    mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    /// Goes on with the next line of a value that is not complete.
    mutating func `continue`(with next: [UInt8]) {
        line = next
        position = 0
    }

    /// Reads `a.b."c d"` and the blanks around.
    mutating func keys() -> [String] {
        var keys: [String] = []
        while true {
            skipBlanks()
            guard let byte = peek else { return keys }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                let start = position + 1
                position += 1
                skipString(byte)
                keys.append(
                    String(
                        decoding: line[min(start, line.count)..<max(min(start, line.count), min(position - 1, line.count))], as: UTF8.self))
            } else {
                let start = position
                while let byte = peek, Self.isBare(byte) { position += 1 }
                guard position > start else { return keys }
                keys.append(String(decoding: line[start..<position], as: UTF8.self))
            }
            skipBlanks()
            guard peek == UInt8(ascii: ".") else { return keys }
            position += 1
        }
    }

    /// Steps over a value; false when the line ended inside of it.
    mutating func skipValue() -> Bool {
        if let quotes = openQuotes {
            guard skip(to: quotes) else { return false }
            openQuotes = nil
        }
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let triple = [byte, byte, byte]
                if line[position...].starts(with: triple) {
                    position += 3
                    guard skip(to: triple) else {
                        openQuotes = triple
                        return false
                    }
                } else {
                    position += 1
                    skipString(byte)
                }
                valueEnd = position
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                position += 1
                valueEnd = position
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                position += 1
                valueEnd = position
            case UInt8(ascii: "#"):
                return depth <= 0
            case 0x20, 0x09, 0x0D:
                position += 1
            default:
                position += 1
                valueEnd = position
            }
        }
        return depth <= 0
    }

    private mutating func skipString(_ quote: UInt8) {
        while let byte = peek {
            position += 1
            if byte == quote { return }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { position += 1 }
        }
    }

    private mutating func skip(to quotes: [UInt8]) -> Bool {
        while let byte = peek {
            if byte == UInt8(ascii: "\\"), quotes[0] == UInt8(ascii: "\"") {
                position += 2
            } else if line[position...].starts(with: quotes) {
                position += 3
                // Up to two quotes may belong to the text right before the closing three.
                while peek == quotes[0] { position += 1 }
                return true
            } else {
                position += 1
            }
        }
        return false
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x5F
    }
}
