/// What `/proc/<pid>/stat` tells of a process.
public struct ProcessEntry: Sendable, Equatable {
    public var pid: Int32
    /// The letter: R, S, D, Z…
    public var state: Character
    public var parent: Int32
    /// Clock ticks since boot.
    public var startTime: UInt64

    /// A zombie or a process that is just going.
    public var hasEnded: Bool { state == "Z" || state == "X" }

    /// Reads the entry; nil when there is no such process.
    public init?(pid: Int32) {
        guard let text = KernelFile.text("/proc/\(pid)/stat") else { return nil }
        self.init(parsing: text)
    }

    /// Parses a line. The command's name stands in parentheses and may itself hold parentheses and blanks: the last one ends it.
    public init?(parsing text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let pid = Int32(text[..<open].filter { $0 != " " })
        else { return nil }
        let fields = text[text.index(after: close)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        // Field 3 of the line is the first here; the start time is field 22.
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]), let start = UInt64(fields[19]) else {
            return nil
        }
        self.pid = pid
        self.state = state
        self.parent = parent
        self.startTime = start
    }
}
