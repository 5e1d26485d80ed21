/// Reads a subset of POSIX shell: lists, pipelines, compounds, redirections; no here-documents, no aliases.
struct ShellParser {
    private let text: [Character]
    var position = 0

    init(_ text: String) {
        // A line break within "\r\n" is one Character; the shell sees two.
        self.text = text.unicodeScalars.map { Character($0) }
    }

    static func parse(_ text: String) throws -> ShellCommand {
        var parser = ShellParser(text)
        let list = try parser.list(until: [])
        guard parser.position == parser.text.count else {
            throw ShellSyntaxError(description: "'\(parser.text[parser.position])' unexpected")
        }
        return list
    }

    var current: Character? { position < text.count ? text[position] : nil }

    func peek(_ string: String) -> Bool {
        let wanted = string.unicodeScalars.map { Character($0) }
        return position + wanted.count <= text.count && Array(text[position..<position + wanted.count]) == wanted
    }

    mutating func take(_ string: String) -> Bool {
        guard peek(string) else { return false }
        position += string.unicodeScalars.count
        return true
    }

    mutating func next() -> Character? {
        defer { position += 1 }
        return current
    }

    mutating func skipBlanks(lines: Bool = false) {
        while let character = current {
            if character == " " || character == "\t" || (lines && (character == "\n" || character == ";")) {
                position += 1
            } else if character == "\\" && position + 1 < text.count && text[position + 1] == "\n" {
                position += 2
            } else if character == "#" && (position == 0 || " \t\n;".contains(text[position - 1])) {
                while let comment = current, comment != "\n" {
                    _ = comment
                    position += 1
                }
            } else {
                break
            }
        }
    }

    /// The unquoted word at the position, when it ends there; for reserved words.
    func bareWord() -> String {
        var word = ""
        var index = position
        while index < text.count, !" \t\n;&|()<>".contains(text[index]) {
            word.append(text[index])
            index += 1
        }
        return word
    }

    mutating func reserved(_ word: String) throws {
        skipBlanks(lines: true)
        guard bareWord() == word else { throw ShellSyntaxError(description: "'\(word)' expected before '\(bareWord())'") }
        position += word.count
    }

    mutating func list(until terminators: Set<String>) throws -> ShellCommand {
        var items: [ShellItem] = []
        while true {
            skipBlanks(lines: true)
            guard let character = current, character != ")", !peek(";;"), !terminators.contains(bareWord()) else { break }
            let command = try andOr()
            skipBlanks()
            var isBackground = false
            if current == "&" {
                position += 1
                isBackground = true
            }
            items.append(ShellItem(command: command, isBackground: isBackground))
            skipBlanks()
            if peek(";;") { break }
            guard isBackground || current == ";" || current == "\n" || current == nil || current == ")" else {
                throw ShellSyntaxError(description: "'\(bareWord())' unexpected")
            }
        }
        return .list(items)
    }

    private mutating func andOr() throws -> ShellCommand {
        var left = try pipeline()
        while true {
            skipBlanks()
            if take("&&") {
                skipBlanks(lines: true)
                left = .and(left, try pipeline())
            } else if take("||") {
                skipBlanks(lines: true)
                left = .or(left, try pipeline())
            } else {
                return left
            }
        }
    }

    private mutating func pipeline() throws -> ShellCommand {
        skipBlanks()
        var negated = false
        while bareWord() == "!" {
            position += 1
            negated.toggle()
            skipBlanks()
        }
        var commands = [try command()]
        skipBlanks()
        while peek("|") && !peek("||") {
            position += 1
            skipBlanks(lines: true)
            commands.append(try command())
            skipBlanks()
        }
        return commands.count == 1 && !negated ? commands[0] : .pipeline(commands, negated: negated)
    }

    private mutating func redirects() throws -> [ShellRedirect] {
        var found: [ShellRedirect] = []
        while true {
            skipBlanks()
            guard let redirect = try redirect() else { return found }
            found.append(redirect)
        }
    }

    private mutating func redirect() throws -> ShellRedirect? {
        let start = position
        var digits = ""
        while let digit = current, digit.isNumber, digit.isASCII {
            digits.append(digit)
            position += 1
        }
        guard let sign = current, sign == "<" || sign == ">" else {
            position = start
            return nil
        }
        position += 1
        var kind: ShellRedirect.Kind = sign == "<" ? .read : .truncate
        if current == "&" {
            position += 1
            kind = .duplicate
        } else if sign == ">" && current == ">" {
            position += 1
            kind = .append
        } else if sign == ">" && current == "|" {
            position += 1
        }
        skipBlanks()
        return ShellRedirect(descriptor: Int(digits) ?? (sign == "<" ? 0 : 1), kind: kind, target: try word())
    }

    private mutating func command() throws -> ShellCommand {
        skipBlanks()
        if take("(") {
            let inner = try list(until: [])
            guard take(")") else { throw ShellSyntaxError(description: "')' expected") }
            return .subshell(inner, try redirects())
        }
        switch bareWord() {
        case "{":
            position += 1
            let inner = try list(until: ["}"])
            try reserved("}")
            return .group(inner, try redirects())
        case "if": return try condition()
        case "while", "until":
            let until = bareWord() == "until"
            position += 5
            let test = try list(until: ["do"])
            return .loop(test: test, body: try doGroup(), until: until, try redirects())
        case "for": return try each()
        case "case": return try selection()
        default: return try simple()
        }
    }

    private mutating func doGroup() throws -> ShellCommand {
        try reserved("do")
        let body = try list(until: ["done"])
        try reserved("done")
        return body
    }

    private mutating func condition() throws -> ShellCommand {
        var branches: [(test: ShellCommand, body: ShellCommand)] = []
        var otherwise: ShellCommand?
        var keyword = "if"
        while true {
            try reserved(keyword)
            if keyword == "fi" { break }
            if keyword == "else" {
                otherwise = try list(until: ["fi"])
            } else {
                let test = try list(until: ["then"])
                try reserved("then")
                branches.append((test, try list(until: ["elif", "else", "fi"])))
            }
            keyword = bareWord()
            guard ["elif", "else", "fi"].contains(keyword) else { throw ShellSyntaxError(description: "'fi' expected") }
        }
        return .condition(branches, otherwise: otherwise, try redirects())
    }

    private mutating func each() throws -> ShellCommand {
        position += 3
        skipBlanks()
        let name = bareWord()
        position += name.count
        skipBlanks(lines: true)
        var words: [ShellWord]?
        if bareWord() == "in" {
            position += 2
            var list: [ShellWord] = []
            skipBlanks()
            while let character = current, character != ";", character != "\n" {
                list.append(try word())
                skipBlanks()
            }
            words = list
        }
        return .each(name: name, words: words, body: try doGroup(), try redirects())
    }

    private mutating func selection() throws -> ShellCommand {
        position += 4
        skipBlanks()
        let subject = try word()
        try reserved("in")
        var branches: [(patterns: [ShellWord], body: ShellCommand)] = []
        while true {
            skipBlanks(lines: true)
            if bareWord() == "esac" { break }
            _ = take("(")
            var patterns: [ShellWord] = []
            repeat {
                skipBlanks()
                patterns.append(try word())
                skipBlanks()
            } while take("|")
            guard take(")") else { throw ShellSyntaxError(description: "')' expected in case") }
            branches.append((patterns, try list(until: ["esac"])))
            _ = take(";;")
        }
        try reserved("esac")
        return .selection(subject, branches)
    }

    private mutating func simple() throws -> ShellCommand {
        var assignments: [ShellAssignment] = []
        var words: [ShellWord] = []
        var found: [ShellRedirect] = []
        while true {
            skipBlanks()
            guard let character = current, !";\n&|()".contains(character) else { break }
            if let redirect = try redirect() {
                found.append(redirect)
                continue
            }
            if words.isEmpty, let name = assignmentName() {
                position += name.count + 1
                assignments.append(ShellAssignment(name: name, value: try word()))
                continue
            }
            let bare = bareWord()
            let one = try word()
            if words.isEmpty, assignments.isEmpty, peek("()"), Self.isName(bare) {
                position += 2
                skipBlanks(lines: true)
                return .function(name: bare, body: try command())
            }
            words.append(one)
        }
        guard !words.isEmpty || !assignments.isEmpty || !found.isEmpty else {
            throw ShellSyntaxError(description: current.map { "'\($0)' unexpected" } ?? "unexpected end of the line")
        }
        return .simple(assignments: assignments, words: words, redirects: found)
    }

    private func assignmentName() -> String? {
        let word = bareWord()
        guard let equals = word.firstIndex(of: "="), Self.isName(String(word[..<equals])) else { return nil }
        return String(word[..<equals])
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.first, first == "_" || (first.isLetter && first.isASCII) else { return false }
        return text.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    }
}
