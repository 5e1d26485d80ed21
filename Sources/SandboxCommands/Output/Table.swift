/// Aligned columns for people.
struct Table {
    private var rows: [[String]]
    private let style: Style

    init(_ headings: String..., style: Style) {
        rows = [headings]
        self.style = style
    }

    mutating func add(_ cells: String...) { rows.append(cells) }

    /// Without blanks at the ends of lines, with a newline at the end of each. A control character in a cell is shown as `?`: what a
    /// sandbox names cannot move the cursor.
    var text: String {
        let clean = rows.map { row in row.map(Self.harmless) }
        let columns = clean.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in clean.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        var text = ""
        for (index, row) in clean.enumerated() {
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            while line.last == " " { line.removeLast() }
            text += (index == 0 ? style.dim(line) : line) + "\n"
        }
        return text
    }

    static func harmless(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }
}

/// Colour where it helps and nowhere else.
struct Style: Sendable {
    /// True on a terminal that is not dumb, unless `NO_COLOR` is set.
    let isOn: Bool

    init(isOn: Bool) { self.isOn = isOn }

    init(isTerminal: Bool, environment: [String: String]) {
        isOn = isTerminal && environment["NO_COLOR"]?.isEmpty != false && environment["TERM"] != "dumb"
    }

    func dim(_ text: String) -> String { wrap(text, "2") }
    func good(_ text: String) -> String { wrap(text, "32") }
    func bad(_ text: String) -> String { wrap(text, "31") }
    func warning(_ text: String) -> String { wrap(text, "33") }
    func strong(_ text: String) -> String { wrap(text, "1") }

    private func wrap(_ text: String, _ code: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}
