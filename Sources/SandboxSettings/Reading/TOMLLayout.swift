/// Where things stand in a TOML text: the parser knows what the values are, this knows on which line, so that errors point at them and an
/// edit touches only one line. It reads key and header lines and steps over what spans several.
struct TOMLLayout {
    /// `key = value`.
    struct Entry: Equatable {
        /// With the section's path in front.
        var path: [String]
        /// As written, in the entry's own line: one element unless dotted.
        var writtenKeys: Int
        /// Index of its line, from 0.
        var line: Int
        /// Of the key, from 1.
        var column: Int
        /// Byte offsets of the value in its line; nil when the value spans lines.
        var value: Range<Int>?
        /// Index of the last line that belongs to it.
        var lastLine: Int
    }

    /// `[section]`.
    struct Header: Equatable {
        var path: [String]
        var line: Int
        var column: Int
        /// `[[section]]`.
        var isArray: Bool
        /// Whether a name, or the bracket that ends it, follows.
        var isNamed = true
    }

    /// The lines without their ends; joining them with "\n" gives the text back.
    let lines: [[UInt8]]
    private(set) var entries: [Entry] = []
    private(set) var headers: [Header] = []

    init(_ text: String) {
        lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        var section: [String] = []
        var index = 0
        while index < lines.count {
            var cursor = TOMLCursor(lines[index])
            cursor.skipBlanks()
            let column = cursor.position + 1
            if cursor.peek == UInt8(ascii: "[") {
                cursor.advance()
                let isArray = cursor.peek == UInt8(ascii: "[")
                if isArray { cursor.advance() }
                cursor.skipBlanks()
                let isNamed = cursor.peek.map(Self.mayBeginName) ?? false
                section = cursor.keys()
                headers.append(Header(path: section, line: index, column: column, isArray: isArray, isNamed: isNamed))
            } else if let next = cursor.peek, next != UInt8(ascii: "#"), next != UInt8(ascii: "\r") {
                let keys = cursor.keys()
                guard cursor.peek == UInt8(ascii: "="), !keys.isEmpty else {
                    index += 1
                    continue
                }
                cursor.advance()
                cursor.skipBlanks()
                let start = cursor.position
                let first = index
                while !cursor.skipValue(), index + 1 < lines.count {
                    index += 1
                    cursor.continue(with: lines[index])
                }
                entries.append(
                    Entry(
                        path: section + keys, writtenKeys: keys.count, line: first, column: column,
                        value: first == index ? start..<max(start, cursor.valueEnd) : nil, lastLine: index))
            }
            index += 1
        }
    }

    /// A bare or quoted key, or the bracket that ends a name that is not there.
    private static func mayBeginName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "]"): true
        default: false
        }
    }

    /// The line and column, from 1, of a path or of the closest thing around it.
    func position(of path: [String]) -> (line: Int, column: Int)? {
        for length in stride(from: path.count, to: 0, by: -1) {
            let part = Array(path.prefix(length))
            if let entry = entries.first(where: { Array($0.path.prefix(length)) == part && $0.path.count - $0.writtenKeys < length }) {
                return (entry.line + 1, entry.column)
            }
            if let header = headers.first(where: { $0.path.starts(with: part) }) { return (header.line + 1, header.column) }
        }
        return nil
    }
}
