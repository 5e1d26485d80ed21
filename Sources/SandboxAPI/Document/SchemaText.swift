import SandboxCore

/// The schemas in a short notation, a line each: `Name = field: type, optional?: type`.
///
/// Types are `string`, `integer`, `number`, `boolean`, `any`, `a|b` (words), `[type]`, `{type}` (a map) and names of schemas. A name that is
/// marked with `!` is a request: it refuses fields that it does not know.
enum SchemaText {
    static func schemas() throws -> [String: JSONTree] {
        var all = special
        for line in (sessions + workspaces + execs + files + images + others).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw SandboxError(.internalError, "the schema '\(line)' cannot be read") }
            var name = parts[0].trimmed
            let isStrict = name.hasSuffix("!")
            if isStrict { name.removeLast() }
            all[name] = object(String(parts[1]), isStrict: isStrict)
        }
        return all
    }

    private static func object(_ text: String, isStrict: Bool) -> JSONTree {
        var properties: [String: JSONTree] = [:]
        var required: [JSONTree] = []
        for field in text.split(separator: ",") {
            let parts = field.split(separator: ":", maxSplits: 1)
            var name = parts[0].trimmed
            if name.hasSuffix("?") { name.removeLast() } else { required.append(.string(name)) }
            properties[name] = parts.count > 1 ? type(parts[1].trimmed) : [:]
        }
        var schema: [String: JSONTree] = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema["required"] = .array(required) }
        if isStrict { schema["additionalProperties"] = false }
        return .object(schema)
    }

    private static func type(_ text: String) -> JSONTree {
        if text.hasPrefix("[") { return ["type": "array", "items": type(String(text.dropFirst().dropLast()))] }
        if text.hasPrefix("{") { return ["type": "object", "additionalProperties": type(String(text.dropFirst().dropLast()))] }
        if text.contains("|") { return ["enum": .array(text.split(separator: "|").map { .string(String($0)) })] }
        if let range = text.firstIndex(of: "<") {
            let bounds = text[text.index(after: range)...].dropLast().split(separator: "~").compactMap { Int($0) }
            return ["type": "integer", "minimum": .integer(bounds[0]), "maximum": .integer(bounds[1])]
        }
        switch text {
        case "any": return [:]
        case "text": return ["type": ["string", "null"]]
        case "count": return ["type": "integer", "minimum": 0]
        case "duration": return ["type": "number", "minimum": 0, "maximum": 3_000_000_000_000]
        case "string", "integer", "number", "boolean": return ["type": .string(text)]
        case "name": return ["type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"]
        default: return ["$ref": .string("#/components/schemas/" + text)]
        }
    }

    /// Those that are not plain objects.
    private static let special: [String: JSONTree] = [
        "Path": [
            "description": "Text, or base 64 where the bytes are not UTF-8.",
            "oneOf": [
                ["type": "string", "pattern": "^[^\\u0000]*$"],
                [
                    "type": "object", "required": ["base64"],
                    "properties": ["base64": ["type": "string", "contentEncoding": "base64"]],
                ],
            ],
        ],
        "Bytes": [
            "description": "Text where the bytes are UTF-8 without zero bytes, base 64 otherwise.",
            "oneOf": [
                ["type": "object", "required": ["text"], "properties": ["text": ["type": "string"]], "additionalProperties": false],
                [
                    "type": "object", "required": ["base64"],
                    "properties": ["base64": ["type": "string", "contentEncoding": "base64"]], "additionalProperties": false,
                ],
            ],
        ],
    ]
}

extension StringProtocol {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
