extension ShellParser {
    /// A word with its quotes and expansions; ends at an unquoted separator.
    mutating func word(endingAt stops: String = " \t\n;&|()<>") throws -> ShellWord {
        var word = ShellWord()
        var plain = ""
        func flush() {
            if !plain.isEmpty { word.parts.append(.text(plain, quoted: false)) }
            plain = ""
        }
        while let character = current, !stops.contains(character) {
            position += 1
            switch character {
            case "'":
                flush()
                var quoted = ""
                while true {
                    guard let inner = next() else { throw ShellSyntaxError(description: "a single quote is not closed") }
                    if inner == "'" { break }
                    quoted.append(inner)
                }
                word.parts.append(.text(quoted, quoted: true))
            case "\"":
                flush()
                word.parts += try doubleQuoted()
            case "\\":
                flush()
                if let escaped = next(), escaped != "\n" { word.parts.append(.text(String(escaped), quoted: true)) }
            case "$":
                flush()
                word.parts.append(try dollar(quoted: false))
            case "`":
                flush()
                word.parts.append(try backQuoted(quoted: false))
            case "~" where plain.isEmpty && word.parts.isEmpty && (current == nil || current == "/" || stops.contains(current ?? " ")):
                word.parts.append(.variable("HOME", operation: nil, nil, quoted: true))
            default: plain.append(character)
            }
        }
        flush()
        return word
    }

    private mutating func doubleQuoted() throws -> [ShellWord.Part] {
        var parts: [ShellWord.Part] = []
        var plain = ""
        func flush() {
            if !plain.isEmpty { parts.append(.text(plain, quoted: true)) }
            plain = ""
        }
        while true {
            guard let character = next() else { throw ShellSyntaxError(description: "a double quote is not closed") }
            switch character {
            case "\"":
                flush()
                return parts.isEmpty ? [.text("", quoted: true)] : parts
            case "\\":
                guard let escaped = next() else { continue }
                if "$`\"\\".contains(escaped) { plain.append(escaped) } else if escaped != "\n" { plain += ["\\", escaped] }
            case "$":
                flush()
                parts.append(try dollar(quoted: true))
            case "`":
                flush()
                parts.append(try backQuoted(quoted: true))
            default: plain.append(character)
            }
        }
    }

    private mutating func backQuoted(quoted: Bool) throws -> ShellWord.Part {
        var inner = ""
        while true {
            guard let character = next() else { throw ShellSyntaxError(description: "a back quote is not closed") }
            if character == "`" { return .command(try ShellParser.parse(inner), quoted: quoted) }
            if character == "\\", let escaped = current, "$`\\".contains(escaped) {
                inner.append(escaped)
                position += 1
            } else {
                inner.append(character)
            }
        }
    }

    private mutating func dollar(quoted: Bool) throws -> ShellWord.Part {
        if take("((") {
            let expression = try word(endingAt: ")")
            var whole = expression
            // Parentheses within the expression.
            while !peek("))") {
                guard take(")") else { throw ShellSyntaxError(description: "'))' expected") }
                whole.parts.append(.text(")", quoted: true))
                whole.parts += try word(endingAt: ")").parts
            }
            position += 2
            return .arithmetic(whole)
        }
        if take("(") {
            let inner = try list(until: [])
            guard take(")") else { throw ShellSyntaxError(description: "')' expected") }
            return .command(inner, quoted: quoted)
        }
        if take("{") {
            if take("#") {
                let name = parameterName()
                guard take("}") else { throw ShellSyntaxError(description: "'}' expected") }
                return .variable(name, operation: "#", nil, quoted: quoted)
            }
            let name = parameterName()
            for operation in [":-", ":+", "-", "+", "##", "#", "%%", "%"] where take(operation) {
                let word = try word(endingAt: "}")
                guard take("}") else { throw ShellSyntaxError(description: "'}' expected") }
                return .variable(name, operation: operation == "#" ? "prefix" : operation, word, quoted: quoted)
            }
            guard take("}") else { throw ShellSyntaxError(description: "bad substitution") }
            return .variable(name, operation: nil, nil, quoted: quoted)
        }
        let name = parameterName()
        return name.isEmpty ? .text("$", quoted: quoted) : .variable(name, operation: nil, nil, quoted: quoted)
    }

    private mutating func parameterName() -> String {
        guard let first = current else { return "" }
        if "?$!#@*-0123456789".contains(first) {
            position += 1
            return String(first)
        }
        var name = ""
        while let character = current, character == "_" || (character.isASCII && (character.isLetter || character.isNumber)) {
            name.append(character)
            position += 1
        }
        return name
    }
}
