/// What turns one list of lines into another, as Myers' algorithm finds it.
struct LineDiff {
    /// `old` gives way to `new`; either may be empty.
    struct Hunk: Equatable {
        var old: Range<Int>
        var new: Range<Int>
    }

    /// Lines that differ at most: the search takes the square of it in time and memory.
    private static let most = 2000

    /// The hunks in their order, with lines that stay between them; nil when the lists differ too much.
    static func hunks(_ old: [Int32], _ new: [Int32]) -> [Hunk]? {
        let prefix = zip(old, new).prefix { $0 == $1 }.count
        let rest = min(old.count, new.count) - prefix
        let suffix = zip(old.reversed(), new.reversed()).prefix(rest).prefix { $0 == $1 }.count
        let (left, right) = (old[prefix..<(old.count - suffix)], new[prefix..<(new.count - suffix)])
        guard let steps = steps(left, right) else { return nil }
        var hunks: [Hunk] = []
        var (x, y) = (prefix, prefix)
        for step in steps {
            switch step {
            case .keep: (x, y) = (x + 1, y + 1)
            case .remove:
                join(&hunks, Hunk(old: x..<(x + 1), new: y..<y))
                x += 1
            case .add:
                join(&hunks, Hunk(old: x..<x, new: y..<(y + 1)))
                y += 1
            }
        }
        return hunks
    }

    private enum Step { case keep, remove, add }

    private static func join(_ hunks: inout [Hunk], _ next: Hunk) {
        guard let last = hunks.last, last.old.upperBound == next.old.lowerBound, last.new.upperBound == next.new.lowerBound else {
            return hunks.append(next)
        }
        hunks[hunks.count - 1] = Hunk(
            old: last.old.lowerBound..<next.old.upperBound, new: last.new.lowerBound..<next.new.upperBound)
    }

    /// The shortest way from one list to the other.
    private static func steps(_ old: ArraySlice<Int32>, _ new: ArraySlice<Int32>) -> [Step]? {
        let (n, m) = (old.count, new.count)
        let (left, right) = (Array(old), Array(new))
        let limit = min(n + m, most)
        // The furthest place on each diagonal, for every number of changes so far.
        var reached: [[Int]] = []
        var furthest = [Int](repeating: 0, count: 2 * limit + 3)
        let centre = limit + 1
        for changes in 0...limit {
            for diagonal in stride(from: -changes, through: changes, by: 2) {
                let goesDown =
                    diagonal == -changes
                    || (diagonal != changes && furthest[centre + diagonal - 1] < furthest[centre + diagonal + 1])
                var x = goesDown ? furthest[centre + diagonal + 1] : furthest[centre + diagonal - 1] + 1
                if changes == 0 { x = 0 }
                var y = x - diagonal
                while x < n, y < m, left[x] == right[y] { (x, y) = (x + 1, y + 1) }
                furthest[centre + diagonal] = x
                if x >= n, y >= m { return way(reached, n, m) }
            }
            reached.append(Array(furthest[(centre - changes)...(centre + changes)]))
        }
        return nil
    }

    private static func way(_ reached: [[Int]], _ n: Int, _ m: Int) -> [Step] {
        var steps: [Step] = []
        var (x, y) = (n, m)
        for changes in stride(from: reached.count, to: 0, by: -1) {
            let before = reached[changes - 1]
            func furthest(_ diagonal: Int) -> Int {
                let place = diagonal + changes - 1
                return before.indices.contains(place) ? before[place] : -1
            }
            let diagonal = x - y
            let goesDown = diagonal == -changes || (diagonal != changes && furthest(diagonal - 1) < furthest(diagonal + 1))
            let from = goesDown ? diagonal + 1 : diagonal - 1
            let start = furthest(from)
            let begin = goesDown ? start : start + 1
            while x > begin {
                steps.append(.keep)
                (x, y) = (x - 1, y - 1)
            }
            steps.append(goesDown ? .add : .remove)
            (x, y) = (start, start - from)
        }
        while x > 0 {
            steps.append(.keep)
            (x, y) = (x - 1, y - 1)
        }
        return steps.reversed()
    }
}
