internal import CSandlotSystem
internal import GuestProtocol

/// Finds a pattern in lines: text by a search for its bytes, or a regular expression.
final class LineMatcher {
    private enum Kind {
        case text([UInt8])
        case expression(Expression)
    }

    private let kind: Kind
    private let ignoresCase: Bool
    private var folded: [UInt8] = []
    /// Where the text was found last, or the end of the block: the lines before it have no match.
    private var nextHit: Int?

    init(pattern: [UInt8], isLiteral: Bool, ignoresCase: Bool) throws {
        guard !pattern.isEmpty, pattern.count <= FileLimits.pattern else {
            throw GuestFailure.invalid("a pattern has 1 to \(FileLimits.pattern) bytes")
        }
        guard !pattern.contains(0), !pattern.contains(UInt8(ascii: "\n")) else {
            throw GuestFailure.invalid("a pattern matches within one line: it has no NUL and no line end")
        }
        self.ignoresCase = ignoresCase
        if isLiteral {
            kind = .text(ignoresCase ? pattern.map(LineMatcher.lowercase) : pattern)
        } else {
            kind = .expression(try Expression(pattern, ignoresCase: ignoresCase))
        }
    }

    /// Starts on a new block of whole lines.
    func begin(_ block: UnsafeRawBufferPointer) {
        nextHit = nil
        guard case .text = kind, ignoresCase else { return }
        folded.removeAll(keepingCapacity: true)
        folded.append(contentsOf: block.lazy.map(LineMatcher.lowercase))
    }

    /// Whether the line at `range` of the block matches. Lines must be asked for in order.
    func matches(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) throws -> Bool {
        switch kind {
        case .text(let text):
            var hit = nextHit ?? find(text, block, from: range.lowerBound)
            if hit < range.lowerBound { hit = find(text, block, from: range.lowerBound) }
            nextHit = hit
            return hit + text.count <= range.upperBound
        case .expression(let expression): return try expression.matches(UnsafeRawBufferPointer(rebasing: block[range]))
        }
    }

    /// True when no line of the block from `start` on matches; may say false when it is costly to know.
    func canSkip(_ block: UnsafeRawBufferPointer, from start: Int) -> Bool {
        guard case .text(let text) = kind else { return false }
        let hit = find(text, block, from: start)
        nextHit = hit
        return hit >= block.count
    }

    private func find(_ text: [UInt8], _ block: UnsafeRawBufferPointer, from start: Int) -> Int {
        func search(_ bytes: UnsafeRawBufferPointer) -> Int {
            guard let base = bytes.baseAddress, let found = sandlot_find_bytes(base + start, bytes.count - start, text, text.count) else {
                return bytes.count
            }
            return found - base
        }
        return ignoresCase ? folded.withUnsafeBytes(search) : search(block)
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}
