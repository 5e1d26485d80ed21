import SandboxCore

/// A length of time as people write it: `500ms`, `30s`, `5m`, `2h`, `1d`, `1h30m`.
public enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    /// 100 years: beyond that somebody mistyped.
    private static let longest: Int64 = 100 * 365 * 86_400_000

    /// Reads a duration. A bare number means seconds only where `bareSeconds` says so. Throws `invalidArgument` otherwise.
    public static func parse(_ text: String, bareSeconds: Bool = false) throws -> Duration {
        let refusal = SandboxError(
            .invalidArgument, "'\(text.prefix(80))' is not a duration", remedy: "write a number with ms, s, m, h or d, such as 30s or 1h30m"
        )
        if bareSeconds, let seconds = Double(text), seconds.isFinite, seconds >= 0, seconds * 1000 < Double(longest) {
            return .milliseconds(Int64((seconds * 1000).rounded()))
        }
        if text == "0" { return .zero }
        var rest = Substring(text)
        var total: Int64 = 0
        guard !rest.isEmpty else { throw refusal }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let word = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(word.count)
            guard let number = Double(digits), let unit = units.first(where: { $0.name == word }) else { throw refusal }
            let milliseconds = (number * Double(unit.milliseconds)).rounded()
            guard milliseconds <= Double(longest), total + Int64(milliseconds) <= longest else { throw refusal }
            total += Int64(milliseconds)
        }
        return .milliseconds(total)
    }

    /// The shortest exact text that `parse` reads back, to the millisecond.
    public static func text(_ duration: Duration) -> String {
        let parts = duration.components
        var rest = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
        guard rest > 0 else { return "0s" }
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}
