/// What `bwrap --version` says.
public struct BubblewrapVersion: Sendable, Equatable, Comparable {
    /// As it was said: `bubblewrap 0.8.0`.
    public let text: String
    private let numbers: [Int]

    /// Reads the first line of the answer; what is no version counts as older than any.
    public init(parsing output: String) {
        text = output.split(separator: "\n").first.map(String.init) ?? "unknown"
        numbers = (text.split(separator: " ").last ?? "").split(separator: ".").map { Int($0) ?? 0 }
    }

    /// Whether it can bound the file systems that it makes in memory.
    public var knowsSize: Bool { self >= BubblewrapVersion(parsing: "bubblewrap 0.7.0") }

    /// By number.
    public static func < (left: Self, right: Self) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
}
