/// Shell globs over path bytes: `?`, `*`, `[a-z]`, `[!a]`, `\x`, and `**` for any number of folders.
struct GlobPattern {
    private let parts: [[UInt8]]

    init(_ text: String) { parts = text.utf8.split(separator: 0x2F).map(Array.init) }

    /// Whether the pattern names a folder, so that it is matched against paths and not only names.
    static func hasSlash(_ text: String) -> Bool { text.utf8.contains(0x2F) }

    func matches(_ path: [UInt8], includesHidden: Bool) -> Bool {
        Self.match(parts[...], path.split(separator: 0x2F).map(Array.init)[...], includesHidden)
    }

    private static func match(_ parts: ArraySlice<[UInt8]>, _ names: ArraySlice<[UInt8]>, _ hidden: Bool) -> Bool {
        guard let part = parts.first else { return names.isEmpty }
        if part == [0x2A, 0x2A] {
            if match(parts.dropFirst(), names, hidden) { return true }
            guard let name = names.first, hidden || name.first != 0x2E else { return false }
            return match(parts, names.dropFirst(), hidden)
        }
        guard let name = names.first else { return false }
        if name.first == 0x2E && part.first != 0x2E && !hidden { return false }
        return matchName(part[...], name[...]) && match(parts.dropFirst(), names.dropFirst(), hidden)
    }

    static func matchName(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        guard let head = pattern.first else { return name.isEmpty }
        switch head {
        case UInt8(ascii: "*"):
            if matchName(pattern.dropFirst(), name) { return true }
            return !name.isEmpty && matchName(pattern, name.dropFirst())
        case UInt8(ascii: "?"):
            return !name.isEmpty && matchName(pattern.dropFirst(), name.dropFirst())
        case UInt8(ascii: "["):
            guard let byte = name.first, let set = bracket(pattern.dropFirst()) else { break }
            return set.contains(byte) && matchName(set.rest, name.dropFirst())
        case UInt8(ascii: "\\"):
            guard let literal = pattern.dropFirst().first else { break }
            return name.first == literal && matchName(pattern.dropFirst(2), name.dropFirst())
        default: break
        }
        return name.first == head && matchName(pattern.dropFirst(), name.dropFirst())
    }

    private struct Bracket {
        var negated = false
        var ranges: [ClosedRange<UInt8>] = []
        var rest: ArraySlice<UInt8> = []
        func contains(_ byte: UInt8) -> Bool { ranges.contains { $0.contains(byte) } != negated }
    }

    private static func bracket(_ text: ArraySlice<UInt8>) -> Bracket? {
        var set = Bracket()
        var rest = text
        if rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^") {
            set.negated = true
            rest = rest.dropFirst()
        }
        var isFirst = true
        while let byte = rest.first {
            rest = rest.dropFirst()
            if byte == UInt8(ascii: "]") && !isFirst {
                set.rest = rest
                return set
            }
            isFirst = false
            if rest.first == UInt8(ascii: "-"), let last = rest.dropFirst().first, last != UInt8(ascii: "]"), last >= byte {
                set.ranges.append(byte...last)
                rest = rest.dropFirst(2)
            } else {
                set.ranges.append(byte...byte)
            }
        }
        return nil
    }
}
