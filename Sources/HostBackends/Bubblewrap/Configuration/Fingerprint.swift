/// A name for a list of texts. It tells versions apart, nobody's mischief: whoever could choose the texts could as well change the files.
struct Fingerprint: Equatable {
    private var halves: (UInt64, UInt64) = (0xCBF2_9CE4_8422_2325, 0x6C62_272E_07BB_0142)

    mutating func add(_ text: String) {
        // The zero byte keeps "a", "bc" from being "ab", "c".
        for byte in text.utf8 { mix(byte) }
        mix(0)
    }

    private mutating func mix(_ byte: UInt8) {
        halves.0 = (halves.0 ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        halves.1 = ((halves.1 &+ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15) ^ (halves.1 >> 29)
    }

    /// 32 characters.
    var text: String {
        [halves.0, halves.1].map { String(repeating: "0", count: 16 - String($0, radix: 16).count) + String($0, radix: 16) }.joined()
    }

    static func == (left: Fingerprint, right: Fingerprint) -> Bool { left.halves == right.halves }
}
