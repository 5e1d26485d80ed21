/// Cuts a stream of bytes into lines. A line beyond the limit is passed over, at no more cost than reading it.
struct LineSplitter {
    enum Line: Equatable {
        case whole([UInt8])
        /// Told once for each such line.
        case tooLong
    }

    private let limit: Int
    private var rest: [UInt8] = []
    private var isSkipping = false

    init(limit: Int) { self.limit = limit }

    /// The lines that end within this piece, without empty ones.
    mutating func add(_ piece: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var start = piece.startIndex
        while let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) {
            append(piece[start..<end], to: &lines)
            if !isSkipping, !rest.isEmpty { lines.append(.whole(rest)) }
            (rest, isSkipping) = ([], false)
            start = end + 1
        }
        append(piece[start...], to: &lines)
        return lines
    }

    /// What was not ended by a line break.
    mutating func finish() -> [Line] {
        defer { (rest, isSkipping) = ([], false) }
        return isSkipping || rest.isEmpty ? [] : [.whole(rest)]
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, to lines: inout [Line]) {
        guard !isSkipping else { return }
        guard rest.count + bytes.count <= limit else {
            (rest, isSkipping) = ([], true)
            lines.append(.tooLong)
            return
        }
        rest += bytes
    }
}
