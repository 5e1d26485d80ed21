/// A SHA-256, held in place: there is one for every file of a tree.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Nil unless there are 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = []
        var word: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(byte)
            if index % 8 == 7 { words.append(word) }
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    var all: [UInt64] { [words.0, words.1, words.2, words.3] }

    /// The 32 bytes.
    public var bytes: [UInt8] { all.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } } }

    /// In hexadecimal.
    public var description: String {
        all.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Equal bytes.
    public static func == (left: ContentDigest, right: ContentDigest) -> Bool { left.words == right.words }

    /// The first word is as good as all of them.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
