internal import CSandlotSystem
internal import Glibc
internal import GuestProtocol

/// Finds a pattern in lines: text by a search for its bytes, or a POSIX extended regular expression as the C library has it (in the C locale: on
/// bytes; case is ignored for ASCII only). Back-references are refused: with them one line may take longer than anyone waits.
///
/// The expression is compiled behind `^[^\n]*`, so that a line is read once. Left alone, the C library tries every start anew, and `a+x` takes a
/// minute on a line of 100,000 times `a`.
final class LineMatcher {
    private enum Kind {
        case text([UInt8])
        case expression
    }

    private let kind: Kind
    private let ignoresCase: Bool
    private var expression = regex_t()
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
            return
        }
        try LineMatcher.check(pattern)
        kind = .expression
        // Alone first: behind the prefix, parentheses that do not pair could become pairs.
        try compile(pattern)
        compiled = Array("^[^\n]*(".utf8) + pattern + Array(")".utf8)
        try compile(compiled)
    }

    private var isCompiled = false
    private var compiled: [UInt8] = []
    /// Bytes that the expression has looked at since it was compiled.
    private var scanned = 0

    private func compile(_ pattern: [UInt8]) throws {
        if isCompiled { regfree(&expression) }
        let flags = REG_EXTENDED | REG_NEWLINE | REG_NOSUB | (ignoresCase ? REG_ICASE : 0)
        let result = pattern.withPath { regcomp(&expression, $0, flags) }
        isCompiled = result == 0
        scanned = 0
        guard isCompiled else {
            var text = [CChar](repeating: 0, count: 256)
            regerror(result, &expression, &text, text.count)
            throw GuestFailure.invalid(
                "bad regular expression: " + String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
    }

    deinit { if isCompiled { regfree(&expression) } }

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
        case .expression:
            guard let base = block.baseAddress else { return false }
            let count = min(range.count, FileLimits.expressionLine)
            if scanned + count > FileLimits.expressionLine { try compile(compiled) }
            scanned += count
            var match = regmatch_t(rm_so: 0, rm_eo: regoff_t(count))
            let start = (base + range.lowerBound).assumingMemoryBound(to: CChar.self)
            return regexec(&expression, start, 1, &match, REG_STARTEND | (count < range.count ? REG_NOTEOL : 0)) == 0
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

    /// Refuses what makes the C library's matcher take unbounded time or memory.
    private static func check(_ pattern: [UInt8]) throws {
        var product = 1
        var groups = 0
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            if byte == UInt8(ascii: "\\"), index < pattern.count {
                if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(pattern[index]) {
                    throw GuestFailure(.unsupported, message: "a regular expression cannot have back-references here")
                }
                index += 1
            } else if byte == UInt8(ascii: "(") {
                groups += 1
                guard groups <= FileLimits.groups else {
                    throw GuestFailure(.limitExceeded, message: "a regular expression has at most \(FileLimits.groups) groups")
                }
            } else if byte == UInt8(ascii: "{"), index < pattern.count,
                pattern[index] == UInt8(ascii: ",") || (0x30...0x39).contains(pattern[index])
            {
                var numbers = [0]
                while index < pattern.count, pattern[index] != UInt8(ascii: "}") {
                    if pattern[index] == UInt8(ascii: ",") { numbers.append(0) }
                    if (0x30...0x39).contains(pattern[index]) {
                        numbers[numbers.count - 1] = min(100_000, numbers[numbers.count - 1] * 10 + Int(pattern[index] - 0x30))
                    }
                    index += 1
                }
                product *= max(1, numbers.max() ?? 1)
                guard product <= FileLimits.intervalProduct else {
                    throw GuestFailure(.limitExceeded, message: "the intervals of the regular expression repeat too much")
                }
            }
        }
    }
}
