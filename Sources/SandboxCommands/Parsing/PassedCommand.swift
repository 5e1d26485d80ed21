import ArgumentParser

/// The words after a verb's own options. The parser passes on everything from the first word that it does not know, so a mistyped option
/// would become the command; that is refused here.
enum PassedCommand {
    static func validate<C: ParsableCommand>(_ words: [String], of command: C) throws {
        guard let first = words.first, first.hasPrefix("-"), first != "--" else { return }
        if first == "--help" || first == "-h" { throw CleanExit.helpRequest(command) }
        throw ValidationError("Unknown option '\(first)'; what belongs to the command comes after '--'")
    }

    /// Without the `--` in front.
    static func words(_ words: [String]) -> [String] { words.first == "--" ? Array(words.dropFirst()) : words }
}
