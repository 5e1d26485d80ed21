/// Evaluates `$((…))`: integers, names, parentheses, `* / % + - < <= > >= == != && ||` and unary minus and `!`.
struct ShellArithmetic {
    private var rest: Substring
    private let lookUp: (String) -> String?

    static func evaluate(_ text: String, lookUp: @escaping (String) -> String?) throws -> Int {
        var arithmetic = ShellArithmetic(rest: text[...], lookUp: lookUp)
        let value = try arithmetic.binary(0)
        arithmetic.skip()
        guard arithmetic.rest.isEmpty else { throw ShellSyntaxError(description: "bad arithmetic '\(text)'") }
        return value
    }

    private init(rest: Substring, lookUp: @escaping (String) -> String?) {
        self.rest = rest
        self.lookUp = lookUp
    }

    private static let levels: [[String]] = [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["+", "-"], ["*", "/", "%"]]

    private mutating func skip() { rest = rest.drop { $0.isWhitespace } }

    private mutating func binary(_ level: Int) throws -> Int {
        guard level < Self.levels.count else { return try unary() }
        var left = try binary(level + 1)
        while true {
            skip()
            guard let sign = Self.levels[level].first(where: { rest.hasPrefix($0) }) else { return left }
            rest = rest.dropFirst(sign.count)
            let right = try binary(level + 1)
            switch sign {
            case "||": left = left != 0 || right != 0 ? 1 : 0
            case "&&": left = left != 0 && right != 0 ? 1 : 0
            case "==": left = left == right ? 1 : 0
            case "!=": left = left != right ? 1 : 0
            case "<=": left = left <= right ? 1 : 0
            case ">=": left = left >= right ? 1 : 0
            case "<": left = left < right ? 1 : 0
            case ">": left = left > right ? 1 : 0
            case "+": left &+= right
            case "-": left &-= right
            case "*": left &*= right
            default:
                guard right != 0 else { throw ShellSyntaxError(description: "division by zero") }
                left = sign == "/" ? left / right : left % right
            }
        }
    }

    private mutating func unary() throws -> Int {
        skip()
        guard let first = rest.first else { throw ShellSyntaxError(description: "arithmetic ends too early") }
        if first == "-" || first == "!" {
            rest = rest.dropFirst()
            let value = try unary()
            return first == "-" ? -value : (value == 0 ? 1 : 0)
        }
        if first == "(" {
            rest = rest.dropFirst()
            let value = try binary(0)
            skip()
            guard rest.first == ")" else { throw ShellSyntaxError(description: "')' expected") }
            rest = rest.dropFirst()
            return value
        }
        let token = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        rest = rest.dropFirst(token.count)
        if let number = Int(token) { return number }
        guard ShellParser.isName(token) else { throw ShellSyntaxError(description: "bad arithmetic near '\(first)'") }
        return Int(lookUp(token) ?? "0") ?? 0
    }
}
