import SandboxCore

/// How a secret setting names its value. Printing it shows where the value is, never the value.
public enum SecretReference: Sendable, Hashable, CustomStringConvertible {
    /// `secret:NAME`: in the sealed store.
    case sealed(String)
    /// `env:NAME`: a variable of Sandlot's own environment.
    case variable(String)
    /// `file:PATH`: a file that holds it and nothing else. Absolute, or from `~/`.
    case file(String)
    /// `command:PROGRAM ARGUMENT…`: what a program prints. Split at blanks, without quoting: what needs more is a script.
    case command([String])
    /// The value itself.
    case plain(Secret)

    /// Reads a reference; text without one of the four beginnings is the value itself. Throws `invalidArgument` for a beginning without the
    /// rest.
    public init(_ text: String) throws {
        func rest(_ word: String, _ what: String) throws -> String? {
            guard text.hasPrefix(word + ":") else { return nil }
            let rest = text.dropFirst(word.count + 1).trimmingSpaces
            guard !rest.isEmpty, !rest.utf8.contains(0), !rest.contains(where: \.isNewline) else {
                throw SandboxError(.invalidArgument, "'\(word):' is not followed by \(what)", remedy: "write \(word):\(what)")
            }
            return String(rest)
        }
        if let name = try rest("secret", "NAME") {
            guard !name.contains(where: \.isWhitespace) else {
                throw SandboxError(.invalidArgument, "a secret's name holds no blanks", remedy: "`sandlot secret list` shows the names")
            }
            self = .sealed(name)
        } else if let name = try rest("env", "NAME") {
            guard !name.contains(where: { $0.isWhitespace || $0 == "=" }) else {
                throw SandboxError(.invalidArgument, "a variable's name holds no blanks", remedy: "write env:NAME")
            }
            self = .variable(name)
        } else if let path = try rest("file", "PATH") {
            guard path.hasPrefix("/") || path.hasPrefix("~/") else {
                throw SandboxError(.invalidArgument, "the path of a secret's file is not absolute", remedy: "start it with / or ~/")
            }
            self = .file(path)
        } else if let command = try rest("command", "PROGRAM") {
            self = .command(command.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init))
        } else {
            self = .plain(Secret(text))
        }
    }

    /// True when the value itself stands there.
    public var isPlain: Bool { if case .plain = self { true } else { false } }

    /// Where the value is. A command's arguments are left out: people put secrets there.
    public var description: String {
        switch self {
        case .sealed(let name): "secret:\(name)"
        case .variable(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        case .command(let words): "command:\(words.first ?? "")" + (words.count > 1 ? " …" : "")
        case .plain: Secret.placeholder
        }
    }

    /// As it is written in the file.
    var text: String {
        switch self {
        case .command(let words): "command:" + words.joined(separator: " ")
        case .plain(let secret): secret.reveal()
        default: description
        }
    }
}
