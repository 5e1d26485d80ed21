internal import Glibc
internal import GuestProtocol

/// Cuts files into lines and collects those that match, with their context. Memory per file is bounded by the longest line that is looked at.
final class LineScanner {
    private(set) var matches: [GrepMatch] = []
    /// True when there was a match that has no place any more.
    private(set) var isFull = false

    private let matcher: LineMatcher
    private let context: Int
    private var budget: ResponseBudget
    private var buffer = [UInt8](repeating: 0, count: FileLimits.line)

    // Of the current file.
    private var path: [UInt8] = []
    private var line: UInt64 = 0
    private var before: [(line: UInt64, text: [UInt8])] = []
    private var after = 0

    init(matcher: LineMatcher, context: Int, budget: ResponseBudget) {
        self.matcher = matcher
        self.context = context
        self.budget = budget
    }

    func scan(_ file: Descriptor, path: [UInt8], _ conversation: Conversation) throws {
        self.path = path
        line = 0
        before = []
        after = 0
        var filled = 0
        var isFirst = true
        var skipsRest = false
        while !isFull {
            let count = buffer.withUnsafeMutableBytes { space in
                retrying {
                    read(file.number, space.baseAddress.map { $0 + filled }, isFirst ? min(64 << 10, space.count) : space.count - filled)
                }
            }
            // A file that cannot be read any further ends here.
            let isEnd = count <= 0
            filled += max(count, 0)
            if isFirst, buffer.prefix(min(filled, FileLimits.binaryProbe)).contains(0) { return }
            isFirst = false
            var start = 0
            if skipsRest {
                guard let end = lineEnd(from: 0, to: filled) else {
                    filled = 0
                    if isEnd { return }
                    continue
                }
                start = end + 1
                skipsRest = false
            }
            var end = lastLineEnd(from: start, to: filled)
            if end == nil, isEnd || (filled == buffer.count && start == 0) {
                // The last line has no end, or a line is longer than we look at: its beginning stands for it.
                end = filled
                skipsRest = !isEnd
            }
            if let end, end > start || end < filled { try lines(start..<end) }
            if isEnd {
                if let end, end + 1 < filled { try lines((end + 1)..<filled) }
                return
            }
            let next = end.map { min($0 + 1, filled) } ?? start
            buffer.withUnsafeMutableBytes { space in
                if let base = space.baseAddress { memmove(base, base + next, filled - next) }
            }
            filled -= next
            try conversation.checkStopped()
        }
    }

    /// Looks at whole lines; `range` ends before the last one's end.
    private func lines(_ range: Range<Int>) throws {
        try buffer.withUnsafeBytes { space in
            let block = UnsafeRawBufferPointer(rebasing: space[range])
            matcher.begin(block)
            if context == 0, matcher.canSkip(block, from: 0) {
                line += 1
                var position = 0
                while let end = LineScanner.find(block, position, block.count) {
                    line += 1
                    position = end + 1
                }
                return
            }
            var start = 0
            while start <= block.count, !isFull {
                let end = LineScanner.find(block, start, block.count) ?? block.count
                line += 1
                let hasReturn = end > start && block[end - 1] == UInt8(ascii: "\r")
                try look(block, start..<(hasReturn ? end - 1 : end))
                start = end + 1
            }
        }
    }

    private func look(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) throws {
        if try matcher.matches(block, range) {
            for earlier in before { add(earlier.text, earlier.line, isContext: true) }
            before = []
            add(LineScanner.cut(block, range), line, isContext: false)
            after = context
        } else if after > 0 {
            after -= 1
            add(LineScanner.cut(block, range), line, isContext: true)
        } else if context > 0 {
            if before.count == context { before.removeFirst() }
            before.append((line, LineScanner.cut(block, range)))
        }
    }

    private func add(_ text: [UInt8], _ line: UInt64, isContext: Bool) {
        guard !isFull, budget.take(text.count + path.count, counts: !isContext) else {
            isFull = true
            return
        }
        matches.append(GrepMatch(path: path, line: line, isContext: isContext, text: text))
    }

    /// The start of a line, without half a UTF-8 character at its end.
    private static func cut(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        guard range.count > FileLimits.matchText else { return Array(block[range]) }
        var end = range.lowerBound + FileLimits.matchText
        for _ in 0..<3 where block[end] & 0xC0 == 0x80 { end -= 1 }
        return Array(block[range.lowerBound..<end])
    }

    private func lineEnd(from start: Int, to end: Int) -> Int? {
        buffer.withUnsafeBytes { LineScanner.find($0, start, end) }
    }

    private func lastLineEnd(from start: Int, to end: Int) -> Int? {
        buffer[start..<end].lastIndex(of: UInt8(ascii: "\n"))
    }

    private static func find(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
        guard start < end, let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, end - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
