import Hummingbird
import SandboxAPI
import SandboxCore
import SystemPackage

/// The query of a request, as bytes: paths need not be text. What the table of routes does not know is refused.
struct RequestQuery: Sendable {
    private var values: [String: [[UInt8]]] = [:]

    init(_ request: Request, _ route: APIRoute) throws { try self.init(query: request.uri.query ?? "", route) }

    init(query: String, _ route: APIRoute) throws {
        let known = Dictionary(
            route.parameters.filter { $0.place == .query }.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: try Self.decode(parts[0]), as: UTF8.self)
            guard known[name] != nil else {
                throw SandboxError(
                    .invalidArgument, "the query holds the unknown word '\(name.prefix(64))'",
                    remedy: known.isEmpty ? "this route has none" : "known are: " + known.keys.sorted().joined(separator: ", "))
            }
            values[name, default: []].append(try parts.count > 1 ? Self.decode(parts[1]) : [])
        }
        for parameter in known.values { try check(parameter) }
    }

    private func check(_ parameter: APIRoute.Parameter) throws {
        if parameter.isRequired, values[parameter.name] == nil {
            throw SandboxError(.invalidArgument, "the query lacks '\(parameter.name)'", remedy: "add it")
        }
        switch parameter.kind {
        case .integer: _ = try integer(parameter.name, parameter.bounds ?? 0...Int.max)
        case .boolean: _ = try flag(parameter.name)
        case .string, .number: break
        }
    }

    /// The text of a word. Throws for what is not UTF-8.
    func text(_ name: String) throws -> String? {
        guard let bytes = values[name]?.last else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SandboxError(.invalidArgument, "'\(name)' is not UTF-8", remedy: "percent-encode UTF-8 text")
        }
        return text
    }

    func integer(_ name: String, _ bounds: ClosedRange<Int> = 0...Int.max) throws -> Int? {
        guard let text = try text(name) else { return nil }
        guard let value = Int(text), bounds.contains(value) else {
            throw SandboxError(
                .invalidArgument, "'\(name)' is not a number from \(bounds.lowerBound) to \(bounds.upperBound)", remedy: "give one")
        }
        return value
    }

    func flag(_ name: String) throws -> Bool? {
        switch try text(name) {
        case nil: return nil
        case "true", "1": return true
        case "false", "0": return false
        default: throw SandboxError(.invalidArgument, "'\(name)' is neither true nor false", remedy: "give one of them")
        }
    }

    /// One of a fixed set of words.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, as type: Word.Type = Word.self) throws -> Word? {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw SandboxError(
                .invalidArgument, "'\(text.prefix(40))' is no value of '\(name)'",
                remedy: "use " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    func path(_ name: String) throws -> FilePath? { try values[name]?.last.map { try FilePath(bytes: $0) } }

    func paths(_ name: String) throws -> [FilePath] { try (values[name] ?? []).map { try FilePath(bytes: $0) } }

    private static func decode(_ text: Substring.UTF8View.SubSequence) throws -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x37
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        let source = Array(text)
        var bytes: [UInt8] = []
        var position = 0
        while position < source.count {
            let byte = source[position]
            position += 1
            if byte == UInt8(ascii: "+") {
                bytes.append(0x20)
            } else if byte == UInt8(ascii: "%") {
                guard position + 1 < source.count, let high = digit(source[position]), let low = digit(source[position + 1]) else {
                    throw SandboxError(.invalidArgument, "the query is not percent-encoded", remedy: "write '%' as %25")
                }
                bytes.append(high << 4 | low)
                position += 2
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
