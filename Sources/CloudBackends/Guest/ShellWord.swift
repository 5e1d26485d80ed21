/// Commands for services that take a line of shell.
enum ShellWord {
    /// The line that runs exactly these arguments, in every shell.
    static func line(_ arguments: [String]) -> String { arguments.map(quoted).joined(separator: " ") }

    /// Byte by byte: to a string, a quotation mark with an accent on it is another character, to a shell it is the end of the word.
    private static func quoted(_ text: String) -> String {
        "'" + String(decoding: Array(text.utf8).replacing("'".utf8, with: #"'\''"#.utf8), as: UTF8.self) + "'"
    }
}
