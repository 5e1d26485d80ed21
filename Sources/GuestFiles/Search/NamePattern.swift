/// A pattern for one name: `*`, `?`, `[a-z]`, `[!a-z]` (or `[^a-z]`), `\x`, and bytes that stand for themselves.
///
/// Works on bytes, with one courtesy: `?` and sets take a whole UTF-8 character where there is one, else one byte.
struct NamePattern: Equatable {
    private enum Token: Equatable {
        case byte(UInt8)
        case any
        case run
        case set([ClosedRange<UInt32>], negated: Bool)
    }

    private let tokens: [Token]

    /// The name when the pattern has no wildcard.
    let literal: [UInt8]?

    init(_ pattern: ArraySlice<UInt8>) {
        var tokens: [Token] = []
        var index = pattern.startIndex
        while index < pattern.endIndex {
            let byte = pattern[index]
            index += 1
            switch byte {
            case UInt8(ascii: "*"): if tokens.last != .run { tokens.append(.run) }
            case UInt8(ascii: "?"): tokens.append(.any)
            case UInt8(ascii: "\\") where index < pattern.endIndex:
                tokens.append(.byte(pattern[index]))
                index += 1
            case UInt8(ascii: "["):
                if let (token, next) = NamePattern.set(pattern[index...]) {
                    tokens.append(token)
                    index = next
                } else {
                    tokens.append(.byte(byte))
                }
            default: tokens.append(.byte(byte))
            }
        }
        self.tokens = tokens
        var bytes: [UInt8] = []
        for token in tokens { if case .byte(let byte) = token { bytes.append(byte) } }
        literal = bytes.count == tokens.count ? bytes : nil
    }

    /// True when the pattern fits the whole name. A name that starts with a dot needs a dot in the pattern, unless hidden names are included.
    func matches(_ name: some RandomAccessCollection<UInt8>, includesHidden: Bool) -> Bool {
        let name = Array(name)
        if !includesHidden, name.first == UInt8(ascii: "."), tokens.first != .byte(UInt8(ascii: ".")) { return false }
        var token = 0
        var position = 0
        var retry: (token: Int, position: Int)?
        while position < name.count || token < tokens.count {
            if token < tokens.count {
                if tokens[token] == .run {
                    retry = (token, position)
                    token += 1
                    continue
                }
                if let next = step(tokens[token], name, position) {
                    position = next
                    token += 1
                    continue
                }
            }
            // Only the last run needs to be tried again, one byte longer: so the work is bounded by the product of both lengths.
            guard let (run, start) = retry, start < name.count else { return false }
            retry = (run, start + 1)
            token = run + 1
            position = start + 1
        }
        return true
    }

    private func step(_ token: Token, _ name: [UInt8], _ position: Int) -> Int? {
        guard position < name.count else { return nil }
        switch token {
        case .byte(let byte): return name[position] == byte ? position + 1 : nil
        case .any: return position + NamePattern.character(name[position...]).length
        case .set(let ranges, let negated):
            let (value, length) = NamePattern.character(name[position...])
            return ranges.contains { $0.contains(value) } != negated ? position + length : nil
        case .run: return nil
        }
    }

    /// Parses behind `[`; nil when there is no `]`.
    private static func set(_ pattern: ArraySlice<UInt8>) -> (Token, Int)? {
        var index = pattern.startIndex
        guard index < pattern.endIndex else { return nil }
        let negated = pattern[index] == UInt8(ascii: "!") || pattern[index] == UInt8(ascii: "^")
        if negated { index += 1 }
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while index < pattern.endIndex {
            if pattern[index] == UInt8(ascii: "]"), !isFirst { return (.set(ranges, negated: negated), index + 1) }
            isFirst = false
            let low = member(pattern, &index)
            if index + 1 < pattern.endIndex, pattern[index] == UInt8(ascii: "-"), pattern[index + 1] != UInt8(ascii: "]") {
                index += 1
                let high = member(pattern, &index)
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }

    private static func member(_ pattern: ArraySlice<UInt8>, _ index: inout Int) -> UInt32 {
        if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.endIndex { index += 1 }
        let (value, length) = character(pattern[index...])
        index += length
        return value
    }

    /// The first character, or a byte that starts none as a number beyond all characters.
    private static func character(_ bytes: ArraySlice<UInt8>) -> (value: UInt32, length: Int) {
        guard let first = bytes.first else { return (0, 0) }
        if first < 0x80 { return (UInt32(first), 1) }
        let stray = (UInt32(first) + 0x200000, 1)
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0
        guard length > 0, bytes.count >= length, let text = String(validating: bytes.prefix(length), as: UTF8.self),
            let scalar = text.unicodeScalars.first
        else { return stray }
        return (scalar.value, length)
    }
}
