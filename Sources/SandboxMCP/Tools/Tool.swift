/// One thing that a model can do.
struct Tool: Sendable {
    /// Hints for whoever decides whether a call needs a person's consent.
    struct Hints: Sendable {
        var readOnly = false
        var destructive = false
        var idempotent = false
        var openWorld = false

        static let looks = Hints(readOnly: true, idempotent: true)
    }

    var name: String
    var title: String
    /// Written for a model.
    var description: String
    var parameters: [Parameter]
    var hints: Hints
    /// Not for who may reach one session only.
    var isForAllSessions = false
    var run: @Sendable (ToolArguments, ToolContext) async throws -> ToolResult

    /// As `tools/list` tells it.
    var listing: JSON {
        var schema = JSON.Members([
            ("type", "object"), ("properties", .object(JSON.Members(parameters.map { ($0.name, $0.schema) }))),
        ])
        let required = parameters.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        schema["additionalProperties"] = false
        return [
            "name": .string(name), "title": .string(title), "description": .string(description), "inputSchema": .object(schema),
            "annotations": [
                "readOnlyHint": .boolean(hints.readOnly), "destructiveHint": .boolean(hints.destructive),
                "idempotentHint": .boolean(hints.idempotent), "openWorldHint": .boolean(hints.openWorld),
            ],
        ]
    }
}

/// One argument of a tool.
struct Parameter: Sendable {
    var name: String
    var isRequired = false
    var schema: JSON

    static func text(_ name: String, _ description: String, required: Bool = false) -> Parameter {
        Parameter(name: name, isRequired: required, schema: ["type": "string", "description": .string(description)])
    }

    static func choice(_ name: String, _ description: String, _ words: [String]) -> Parameter {
        Parameter(
            name: name, schema: ["type": "string", "enum": .array(words.map { .string($0) }), "description": .string(description)])
    }

    static func whole(_ name: String, _ description: String, _ range: ClosedRange<Int64>, default value: Int64? = nil) -> Parameter {
        var members = JSON.Members([
            ("type", "integer"), ("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound)),
            ("description", .string(description)),
        ])
        if let value { members["default"] = .integer(value) }
        return Parameter(name: name, schema: .object(members))
    }

    static func flag(_ name: String, _ description: String) -> Parameter {
        Parameter(name: name, schema: ["type": "boolean", "default": false, "description": .string(description)])
    }

    static func list(_ name: String, _ description: String) -> Parameter {
        Parameter(name: name, schema: ["type": "array", "items": ["type": "string"], "description": .string(description)])
    }

    static func table(_ name: String, _ description: String) -> Parameter {
        Parameter(
            name: name, schema: ["type": "object", "additionalProperties": ["type": "string"], "description": .string(description)])
    }

    static let session = text("session", "Session id or name; without it the server's own session.")
    static let exec = text("exec", "Id of the exec (exe-…).", required: true)
}
