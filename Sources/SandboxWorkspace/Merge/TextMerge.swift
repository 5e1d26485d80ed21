/// Merges text that both sides changed, line by line, by the rules of `git merge-file`: changes that neither overlap nor touch are both taken, and
/// the same change of both sides once.
enum TextMerge {
    /// Bytes of each version at most.
    static let largest = 1 << 20

    /// The merged text; nil when the changes touch, the versions differ too much, or one of them is no text.
    static func merge(base: [UInt8], host: [UInt8], sandbox: [UInt8]) -> [UInt8]? {
        guard [base, host, sandbox].allSatisfy(isText) else { return nil }
        var names: [ArraySlice<UInt8>: Int32] = [:]
        let (old, mine, theirs) = (lines(of: base), lines(of: host), lines(of: sandbox))
        func numbers(_ lines: [ArraySlice<UInt8>]) -> [Int32] {
            lines.map { line in
                if let known = names[line] { return known }
                let number = Int32(names.count)
                names[line] = number
                return number
            }
        }
        let (oldNumbers, myNumbers, theirNumbers) = (numbers(old), numbers(mine), numbers(theirs))
        guard let left = LineDiff.hunks(oldNumbers, myNumbers), let right = LineDiff.hunks(oldNumbers, theirNumbers) else { return nil }
        return merge(old, Side(lines: mine, hunks: left), Side(lines: theirs, hunks: right))
    }

    /// No NUL, which is what git goes by.
    static func isText(_ bytes: [UInt8]) -> Bool { bytes.count <= largest && !bytes.contains(0) }

    private struct Side {
        let lines: [ArraySlice<UInt8>]
        let hunks: [LineDiff.Hunk]
        var next = 0

        init(lines: [ArraySlice<UInt8>], hunks: [LineDiff.Hunk]) {
            self.lines = lines
            self.hunks = hunks
        }

        var hunk: LineDiff.Hunk? { next < hunks.count ? hunks[next] : nil }

        /// How far the side's lines are ahead of the base's before the next hunk.
        var offset: Int { next == 0 ? 0 : hunks[next - 1].new.upperBound - hunks[next - 1].old.upperBound }

        /// Passes the hunks that touch a region, which grows by them.
        mutating func pass(_ region: inout Range<Int>) -> Bool {
            var grew = false
            while let hunk, hunk.old.lowerBound <= region.upperBound {
                region = min(region.lowerBound, hunk.old.lowerBound)..<max(region.upperBound, hunk.old.upperBound)
                next += 1
                grew = true
            }
            return grew
        }
    }

    private static func merge(_ base: [ArraySlice<UInt8>], _ left: Side, _ right: Side) -> [UInt8]? {
        var (left, right) = (left, right)
        var merged: [UInt8] = []
        var at = 0
        while left.hunk != nil || right.hunk != nil {
            let start = min(left.hunk?.old.lowerBound ?? .max, right.hunk?.old.lowerBound ?? .max)
            for line in base[at..<start] { merged += line }
            let (leftStart, rightStart) = (start + left.offset, start + right.offset)
            let (leftBefore, rightBefore) = (left.next, right.next)
            var region = start..<start
            var grew = true
            while grew {
                let one = left.pass(&region)
                let other = right.pass(&region)
                grew = one || other
            }
            let mine = left.lines[leftStart..<(region.upperBound + left.offset)]
            let theirs = right.lines[rightStart..<(region.upperBound + right.offset)]
            if left.next == leftBefore {
                for line in theirs { merged += line }
            } else if right.next == rightBefore || mine.elementsEqual(theirs) {
                for line in mine { merged += line }
            } else {
                return nil
            }
            at = region.upperBound
        }
        for line in base[at...] { merged += line }
        return merged
    }

    /// With their ends.
    private static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
            lines.append(text[start..<end])
            start = end
        }
        return lines
    }
}
