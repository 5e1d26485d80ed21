/// A pattern for one name: `*`, `?`, `[…]`, and a backslash that takes the next byte as it is.
struct Glob: Sendable, Equatable {
    private enum Shape: Equatable {
        case anyDepth
        case literal([UInt8])
        /// A star and then plain bytes: most patterns with a star are.
        case suffix([UInt8])
        case general([UInt8])
    }

    private let shape: Shape

    /// `isPath` tells that it is a part of a longer pattern: only there two stars mean any number of parts.
    init(_ pattern: [UInt8], isPath: Bool) {
        let special: Set<UInt8> = [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "\\")]
        if isPath, pattern == [UInt8(ascii: "*"), UInt8(ascii: "*")] {
            shape = .anyDepth
        } else if !pattern.contains(where: special.contains) {
            shape = .literal(pattern)
        } else if pattern.first == UInt8(ascii: "*"), !pattern.dropFirst().contains(where: special.contains) {
            shape = .suffix(Array(pattern.dropFirst()))
        } else {
            shape = .general(pattern)
        }
    }

    var isAnyDepth: Bool { shape == .anyDepth }

    func matches(_ name: ArraySlice<UInt8>) -> Bool {
        switch shape {
        case .anyDepth: return true
        case .literal(let text): return name.elementsEqual(text)
        case .suffix(let end): return name.count >= end.count && name.suffix(end.count).elementsEqual(end)
        case .general(let pattern): return Self.match(pattern, Array(name))
        }
    }

    /// Goes back to the last star only: an earlier one cannot do better, so the work is bounded by the product of the lengths.
    private static func match(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (p, n) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
                star = (p, n)
                continue
            }
            if let next = step(pattern, p, name[n]) {
                (p, n) = (next, n + 1)
            } else if let back = star {
                star = (back.pattern, back.name + 1)
                (p, n) = (back.pattern, back.name + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Where the pattern goes on after it took one byte; nil when it does not take it.
    private static func step(_ pattern: [UInt8], _ p: Int, _ byte: UInt8) -> Int? {
        guard p < pattern.count else { return nil }
        switch pattern[p] {
        case UInt8(ascii: "?"): return p + 1
        case UInt8(ascii: "\\"):
            guard p + 1 < pattern.count, pattern[p + 1] == byte else { return nil }
            return p + 2
        case UInt8(ascii: "["): return CharacterSet(pattern, at: p).flatMap { $0.contains(byte) ? $0.end : nil }
        default: return pattern[p] == byte ? p + 1 : nil
        }
    }
}

/// What stands between brackets.
private struct CharacterSet {
    /// Behind the closing bracket.
    private(set) var end: Int
    private var isNegated = false
    private var ranges: [ClosedRange<UInt8>] = []

    /// Nil when there is no closing bracket or an unknown class: such a set matches nothing.
    init?(_ pattern: [UInt8], at start: Int) {
        end = start + 1
        if end < pattern.count, pattern[end] == UInt8(ascii: "!") || pattern[end] == UInt8(ascii: "^") {
            isNegated = true
            end += 1
        }
        var isFirst = true
        while true {
            guard end < pattern.count else { return nil }
            if pattern[end] == UInt8(ascii: "]") && !isFirst { break }
            isFirst = false
            if pattern[end] == UInt8(ascii: "["), end + 1 < pattern.count, pattern[end + 1] == UInt8(ascii: ":") {
                guard let close = Self.classEnd(pattern, from: end + 2) else {
                    // An opening bracket with a colon and no end is two plain bytes.
                    ranges.append(pattern[end]...pattern[end])
                    end += 1
                    continue
                }
                guard let known = Self.classes[String(decoding: pattern[(end + 2)..<close], as: UTF8.self)] else { return nil }
                ranges += known
                end = close + 2
                continue
            }
            guard let low = Self.take(pattern, &end) else { return nil }
            if end + 1 < pattern.count, pattern[end] == UInt8(ascii: "-"), pattern[end + 1] != UInt8(ascii: "]") {
                end += 1
                guard let high = Self.take(pattern, &end) else { return nil }
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        end += 1
    }

    func contains(_ byte: UInt8) -> Bool { ranges.contains { $0.contains(byte) } != isNegated }

    private static func take(_ pattern: [UInt8], _ at: inout Int) -> UInt8? {
        if pattern[at] == UInt8(ascii: "\\") { at += 1 }
        guard at < pattern.count else { return nil }
        defer { at += 1 }
        return pattern[at]
    }

    private static func classEnd(_ pattern: [UInt8], from start: Int) -> Int? {
        var at = start
        while at < pattern.count, pattern[at] != UInt8(ascii: "]") { at += 1 }
        return at < pattern.count && at > start && pattern[at - 1] == UInt8(ascii: ":") ? at - 1 : nil
    }

    private static let classes: [String: [ClosedRange<UInt8>]] = [
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "blank": [0x20...0x20, 0x09...0x09],
        "cntrl": [0x00...0x1F, 0x7F...0x7F], "digit": [0x30...0x39], "graph": [0x21...0x7E], "lower": [0x61...0x7A], "print": [0x20...0x7E],
        "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E], "space": [0x20...0x20, 0x09...0x0D], "upper": [0x41...0x5A],
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]
}
