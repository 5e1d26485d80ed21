import SandboxCore

/// The text of a settings file under edit. One line changes; comments, order and layout stay. What cannot be changed safely in one line is
/// refused.
struct SettingsText {
    private var layout: TOMLLayout
    private(set) var text: String

    init(_ text: String) {
        self.text = text
        layout = TOMLLayout(text)
    }

    /// Sets a key to a value that is already written as TOML.
    mutating func set(_ path: [String], to literal: String) throws {
        if let entry = layout.entries.first(where: { $0.path == path }) {
            guard let value = entry.value else { throw unsafe(path, entry.line, "spans several lines") }
            var lines = layout.lines
            lines[entry.line].replaceSubrange(value, with: Array(literal.utf8))
            replace(lines)
            return
        }
        if let around = layout.entries.first(where: { path.starts(with: $0.path) }) {
            throw unsafe(path, around.line, "stands inside of an inline table")
        }
        insert(path, literal)
    }

    /// Removes a key's line; false when the key is not there.
    mutating func unset(_ path: [String]) throws -> Bool {
        guard let entry = layout.entries.first(where: { $0.path == path }) else {
            if let around = layout.entries.first(where: { path.starts(with: $0.path) }) {
                throw unsafe(path, around.line, "stands inside of an inline table")
            }
            return false
        }
        var lines = layout.lines
        lines.removeSubrange(entry.line...entry.lastLine)
        replace(lines)
        return true
    }

    /// The order of attempts: beside keys of its own section, beside dotted keys with the same beginning, at the end in a new section.
    private mutating func insert(_ path: [String], _ literal: String) {
        var lines = layout.lines
        let parent = Array(path.dropLast())
        let header = layout.headers.last { $0.path == parent && !$0.isArray }
        if parent.isEmpty {
            let end = layout.headers.first?.line ?? lines.count
            let last = layout.entries.last { $0.line < end }
            lines.insert(line([path[path.count - 1]], literal), at: last.map { $0.lastLine + 1 } ?? topOfKeys(before: end))
        } else if let header {
            let end = layout.headers.first { $0.line > header.line }?.line ?? lines.count
            let last = layout.entries.last { $0.line > header.line && $0.line < end }
            lines.insert(line([path[path.count - 1]], literal), at: (last?.lastLine ?? header.line) + 1)
        } else if let sibling = layout.entries.last(where: { $0.writtenKeys > 1 && $0.path.starts(with: parent) }) {
            let section = sibling.path.count - sibling.writtenKeys
            lines.insert(line(Array(path.dropFirst(section)), literal), at: sibling.lastLine + 1)
        } else {
            while let last = lines.last, last.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { lines.removeLast() }
            if !lines.isEmpty { lines.append([]) }
            lines.append(Array("[\(parent.joined(separator: "."))]".utf8))
            lines.append(line([path[path.count - 1]], literal))
        }
        if lines.last?.isEmpty != true { lines.append([]) }
        replace(lines)
    }

    /// Above the first header, but below the comment that opens the file, and not into the comment that belongs to that header.
    private func topOfKeys(before end: Int) -> Int {
        var at = end
        while at > 0, at < layout.lines.count, layout.lines[at - 1].first == UInt8(ascii: "#") { at -= 1 }
        if at == 0, end > 0 { at = end }
        while at == layout.lines.count, at > 0, layout.lines[at - 1].isEmpty { at -= 1 }
        return at
    }

    private func line(_ keys: [String], _ literal: String) -> [UInt8] { Array("\(keys.joined(separator: ".")) = \(literal)".utf8) }

    private mutating func replace(_ lines: [[UInt8]]) {
        text = String(decoding: Array(lines.joined(separator: [UInt8(ascii: "\n")])), as: UTF8.self)
        layout = TOMLLayout(text)
    }

    private func unsafe(_ path: [String], _ line: Int, _ reason: String) -> SandboxError {
        SandboxError(
            .unsupported, "'\(path.joined(separator: "."))' \(reason), so it cannot be changed without touching the rest",
            remedy: "edit line \(line + 1) by hand")
    }
}

extension SettingValue {
    /// As it is written in the file.
    var literal: String {
        switch self {
        case .text(let text): Self.quoted(text)
        case .secret(let reference): Self.quoted(reference.text)
        case .integer(let number): String(number)
        case .number(let number): number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
        case .boolean(let truth): truth ? "true" : "false"
        case .list(let words): "[" + words.map(Self.quoted).joined(separator: ", ") + "]"
        case .size, .duration: Self.quoted(description)
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
