/// Finds what somebody probably meant.
public enum NearestWord {
    /// The candidate with the smallest edit distance (insert, delete, replace, swap neighbours), when it is close enough to be a typing
    /// error: at most a third of the word, and at least one edit is always forgiven.
    public static func of(_ word: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(word.lowercased())
        guard typed.count <= 80 else { return nil }
        let allowed = max(1, typed.count / 3)
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = self.distance(typed, Array(candidate.lowercased()))
            if distance <= allowed, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Damerau-Levenshtein in its optimal-string-alignment form: three rows are enough.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1]
            row.reserveCapacity(right.count + 1)
            for j in 0..<right.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
