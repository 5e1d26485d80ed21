import SandboxCore

/// Turns text (a flag, a variable, `config set`) into a value of a kind. Strict: nothing is guessed.
enum SettingParser {
    /// Throws `invalidArgument` whose message says what was expected, without the key's name.
    static func value(from text: String, as kind: SettingKind) throws -> SettingValue {
        switch kind {
        case .text:
            return .text(text)
        case .path:
            guard !text.isEmpty, !text.contains("\0") else { throw mismatch(text, kind) }
            return .text(text)
        case .secret:
            return .secret(try SecretReference(text))
        case .integer:
            guard let number = Int(text) else { throw mismatch(text, kind) }
            return try value(from: number, as: kind)
        case .positiveNumber:
            guard let number = Double(text), number.isFinite, number > 0 else { throw mismatch(text, kind) }
            return .number(number)
        case .boolean:
            guard let truth = ["true": true, "false": false][text.lowercased()] else { throw mismatch(text, kind) }
            return .boolean(truth)
        case .choice(let words):
            try check(text, among: words)
            return .text(text)
        case .textList, .choiceList:
            let words = text.split(separator: ",").map { String($0.trimmingSpaces) }
            return try value(from: words, as: kind)
        case .size:
            return .size(try ByteSize.parse(text))
        case .duration:
            return .duration(try DurationText.parse(text))
        }
    }

    static func value(from number: Int, as kind: SettingKind) throws -> SettingValue {
        switch kind {
        case .integer(let minimum, let maximum):
            guard number >= minimum ?? Int.min, number <= maximum ?? Int.max else { throw mismatch(String(number), kind) }
            return .integer(number)
        case .positiveNumber:
            guard number > 0 else { throw mismatch(String(number), kind) }
            return .number(Double(number))
        case .size:
            guard number >= 0 else { throw mismatch(String(number), kind) }
            return .size(UInt64(number))
        case .duration where number == 0:
            return .duration(.zero)
        default:
            throw mismatch(String(number), kind)
        }
    }

    static func value(from words: [String], as kind: SettingKind) throws -> SettingValue {
        switch kind {
        case .textList:
            return .list(words)
        case .choiceList(let known):
            for word in words { try check(word, among: known) }
            guard Set(words).count == words.count else {
                throw SandboxError(.invalidArgument, "the list names a word twice", remedy: "name each once")
            }
            return .list(words)
        default:
            throw mismatch(words.joined(separator: ","), kind)
        }
    }

    static func mismatch(_ found: String, _ kind: SettingKind) -> SandboxError {
        let shown = kind == .secret ? Secret.placeholder : "'\(found.prefix(80))'"
        return SandboxError(.invalidArgument, "\(shown) is not \(kind.expectation)", remedy: "use \(kind.expectation)")
    }

    private static func check(_ word: String, among words: [String]) throws {
        guard !words.contains(word) else { return }
        let near = NearestWord.of(word, among: words)
        throw SandboxError(
            .invalidArgument, "'\(word.prefix(80))' is not one of \(words.joined(separator: ", "))",
            remedy: near.map { "did you mean '\($0)'?" } ?? "use one of \(words.joined(separator: ", "))")
    }
}

extension Substring {
    /// Without blanks and tabs at both ends.
    var trimmingSpaces: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
