/// Turns a stream of bytes into texts without cutting a character in two. Bytes that are no UTF-8 are replaced.
struct TextPieces: Sendable {
    private var rest: [UInt8] = []

    /// What can be told now; the begin of an unfinished character waits for the next bytes.
    mutating func take(_ bytes: [UInt8]) -> String {
        rest += bytes
        let whole = rest.count - Self.unfinished(rest)
        defer { rest.removeFirst(whole) }
        return String(decoding: rest[..<whole], as: UTF8.self)
    }

    /// What is left at the end.
    mutating func finish() -> String {
        defer { rest = [] }
        return String(decoding: rest, as: UTF8.self)
    }

    /// How many bytes at the end begin a character that needs more.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > back ? back : 0
        }
        return 0
    }
}
