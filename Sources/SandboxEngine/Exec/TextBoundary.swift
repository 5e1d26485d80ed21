/// Where text may be cut.
enum TextBoundary {
    /// The most bytes of a piece, at most `limit`, that do not end within a UTF-8 character. Bytes that are not UTF-8 are cut at the limit.
    static func cut(_ bytes: some RandomAccessCollection<UInt8>, limit: Int) -> Int {
        guard bytes.count > limit else { return bytes.count }
        func byte(_ position: Int) -> UInt8 { bytes[bytes.index(bytes.startIndex, offsetBy: position)] }
        var position = max(0, limit)
        // At most three continuation bytes lie behind the first byte of a character.
        while position > 0, limit - position < 3, byte(position) & 0xC0 == 0x80 { position -= 1 }
        return byte(position) & 0xC0 == 0x80 ? max(0, limit) : position
    }
}
