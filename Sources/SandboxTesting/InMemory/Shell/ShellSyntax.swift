/// A parsed shell line.
indirect enum ShellCommand: Sendable {
    case simple(assignments: [ShellAssignment], words: [ShellWord], redirects: [ShellRedirect])
    case pipeline([ShellCommand], negated: Bool)
    case and(ShellCommand, ShellCommand)
    case or(ShellCommand, ShellCommand)
    case list([ShellItem])
    case subshell(ShellCommand, [ShellRedirect])
    case group(ShellCommand, [ShellRedirect])
    case condition([(test: ShellCommand, body: ShellCommand)], otherwise: ShellCommand?, [ShellRedirect])
    case loop(test: ShellCommand, body: ShellCommand, until: Bool, [ShellRedirect])
    case each(name: String, words: [ShellWord]?, body: ShellCommand, [ShellRedirect])
    case selection(ShellWord, [(patterns: [ShellWord], body: ShellCommand)])
    case function(name: String, body: ShellCommand)
}

struct ShellItem: Sendable {
    var command: ShellCommand
    var isBackground: Bool
}

struct ShellAssignment: Sendable {
    var name: String
    var value: ShellWord
}

struct ShellWord: Sendable {
    indirect enum Part: Sendable {
        case text(String, quoted: Bool)
        /// `${name op word}`; the operator is one of `:-`, `-`, `:+`, `+`, `#` (length), or nil.
        case variable(String, operation: String?, ShellWord?, quoted: Bool)
        case command(ShellCommand, quoted: Bool)
        case arithmetic(ShellWord)
    }
    var parts: [Part] = []
}

struct ShellRedirect: Sendable {
    enum Kind: Sendable { case read, truncate, append, duplicate }
    var descriptor: Int
    var kind: Kind
    var target: ShellWord
}

/// A line that the shell cannot read.
struct ShellSyntaxError: Error, CustomStringConvertible {
    var description: String
}
