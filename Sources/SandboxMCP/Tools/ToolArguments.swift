import SandboxCore

/// The arguments of a call, taken out by name and type. What does not fit throws `invalidArgument` with words that a model can act on.
struct ToolArguments: Sendable {
    private let members: JSON.Members
    private let tool: Tool

    init(_ members: JSON.Members, of tool: Tool) throws {
        self.members = members
        self.tool = tool
        let known = tool.parameters.map(\.name)
        for member in members.list where !known.contains(member.name) {
            throw Self.wrong("\(tool.name) has no argument '\(member.name.prefix(80))'", "it has \(known.joined(separator: ", "))")
        }
        for parameter in tool.parameters where parameter.isRequired {
            guard let value = members[parameter.name], value != .null else {
                throw Self.wrong("\(tool.name) needs the argument '\(parameter.name)'", "pass it")
            }
        }
    }

    func has(_ name: String) -> Bool { self[name] != nil }

    func text(_ name: String) throws -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.text else { throw mistyped(name, "a string") }
        guard !text.utf8.contains(0) else { throw Self.wrong("'\(name)' holds a NUL character", "leave it out") }
        return text
    }

    func needed(_ name: String) throws -> String {
        guard let text = try text(name), !text.isEmpty else { throw Self.wrong("'\(name)' is empty", "pass some text") }
        return text
    }

    /// Content of files and standard input: may hold anything, also nothing.
    func content(_ name: String) throws -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.text else { throw mistyped(name, "a string") }
        return text
    }

    func flag(_ name: String) throws -> Bool {
        guard let value = self[name] else { return false }
        guard let truth = value.truth else { throw mistyped(name, "true or false") }
        return truth
    }

    /// Within the range that the tool's own schema states; its default when it is left out.
    func whole(_ name: String) throws -> Int64? {
        let schema = tool.parameters.first { $0.name == name }?.schema
        guard let value = self[name] else { return schema?["default"]?.whole }
        let low = schema?["minimum"]?.whole ?? .min
        let high = schema?["maximum"]?.whole ?? .max
        guard let number = value.whole, number >= low, number <= high else {
            throw mistyped(name, "a whole number from \(low) to \(high)")
        }
        return number
    }

    func count(_ name: String) throws -> Int { Int(try whole(name) ?? 0) }

    func word(_ name: String) throws -> String? {
        guard let text = try text(name) else { return nil }
        let words = tool.parameters.first { $0.name == name }?.schema["enum"]?.elements?.compactMap(\.text) ?? []
        guard words.contains(text) else { throw mistyped(name, "one of \(words.joined(separator: ", "))") }
        return text
    }

    func list(_ name: String) throws -> [String]? {
        guard let value = self[name] else { return nil }
        let texts = value.elements?.compactMap(\.text)
        guard let texts, texts.count == value.elements?.count else { throw mistyped(name, "an array of strings") }
        return texts
    }

    func table(_ name: String) throws -> [String: String] {
        guard let value = self[name] else { return [:] }
        guard let members = value.members else { throw mistyped(name, "an object of strings") }
        var table: [String: String] = [:]
        for member in members.list {
            guard let text = member.value.text else { throw mistyped(name, "an object of strings") }
            table[member.name] = text
        }
        return table
    }

    static func wrong(_ message: String, _ remedy: String) -> SandboxError { SandboxError(.invalidArgument, message, remedy: remedy) }

    private subscript(name: String) -> JSON? { members[name].flatMap { $0 == .null ? nil : $0 } }

    private func mistyped(_ name: String, _ wanted: String) -> SandboxError {
        Self.wrong("'\(name)' of \(tool.name) is not \(wanted)", "pass \(wanted)")
    }
}
