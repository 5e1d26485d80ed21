/// A service's own labels, kept as the text of one label of ours: theirs have other rules.
enum LabelText {
    static func write(_ values: [String: String]) throws -> String { String(decoding: try CompatJSON.encode(values), as: UTF8.self) }

    static func read(_ text: String?) -> [String: String] {
        text.flatMap { try? CompatJSON.decode(from: Array($0.utf8)) } ?? [:]
    }
}
