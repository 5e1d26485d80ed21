/// Commands for services that take a line of shell.
enum ShellWord {
    /// The line that runs exactly these arguments, in every shell.
    static func line(_ arguments: [String]) -> String { arguments.map(quoted).joined(separator: " ") }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }
}
