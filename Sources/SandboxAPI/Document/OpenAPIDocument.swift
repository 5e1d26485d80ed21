import SandboxEngine

/// The OpenAPI 3.1 document, drawn from the table of routes and the schemas.
public enum OpenAPIDocument {
    /// The document as JSON.
    public static func bytes(version: String) throws -> [UInt8] { try APICoding.encode(document(version: version)) }

    static func document(version: String) throws -> JSONTree {
        var paths: [String: JSONTree] = [:]
        for (path, routes) in Dictionary(grouping: APIRoute.all, by: \.path) {
            paths[path] = .object(Dictionary(uniqueKeysWithValues: routes.map { ($0.method.lowercased(), operation($0)) }))
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Sandlot", "version": .string(version.isEmpty ? "0" : version),
                "description": "Sessions, commands and files in sandboxes. Times are milliseconds since 1970, durations are milliseconds.",
            ],
            "servers": [["url": "/"]],
            "paths": .object(paths),
            "components": [
                "schemas": .object(try SchemaText.schemas()),
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private static func operation(_ route: APIRoute) -> JSONTree {
        var operation: [String: JSONTree] = [
            "operationId": .string(route.id), "summary": .string(route.summary), "responses": .object(responses(route)),
        ]
        let parameters = route.pathParameters.map(pathParameter) + route.parameters.map(parameter)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let request = route.request { operation["requestBody"] = ["required": true, "content": .object(content(request))] }
        if let scope = route.scope {
            operation["security"] = [["token": []]]
            operation["x-scope"] = .string(scope.rawValue)
        } else {
            operation["security"] = []
        }
        return .object(operation)
    }

    private static func pathParameter(_ name: String) -> JSONTree {
        let schema: JSONTree =
            switch name {
            case "stream": ["enum": ["stdout", "stderr"]]
            case "settlement": ["enum": .array(ConflictSettlement.allCases.map { .string($0.rawValue) })]
            default: ["type": "string", "minLength": 1]
            }
        return ["name": .string(name), "in": "path", "required": true, "schema": schema]
    }

    private static func parameter(_ parameter: APIRoute.Parameter) -> JSONTree {
        var schema: [String: JSONTree] = ["type": .string(parameter.kind.rawValue)]
        if let bounds = parameter.bounds {
            schema["minimum"] = .integer(bounds.lowerBound)
            if bounds.upperBound < Int.max { schema["maximum"] = .integer(bounds.upperBound) } else { schema["format"] = "int64" }
        }
        return [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue), "required": .boolean(parameter.isRequired),
            "description": .string(parameter.summary), "schema": .object(schema),
        ]
    }

    private static func responses(_ route: APIRoute) -> [String: JSONTree] {
        var responses: [String: JSONTree] = [
            "default": [
                "description": "A refusal or a failure.",
                "content": ["application/json": ["schema": ["$ref": "#/components/schemas/ErrorBody"]]],
            ]
        ]
        for (status, answers) in Dictionary(grouping: route.answers, by: \.status) {
            var media: [String: JSONTree] = [:]
            for case let body? in answers.map(\.content) { media.merge(content(body)) { $1 } }
            var response: [String: JSONTree] = ["description": status == 204 ? "Done." : "The answer."]
            if !media.isEmpty { response["content"] = .object(media) }
            responses[String(status)] = .object(response)
        }
        return responses
    }

    private static func content(_ content: APIRoute.Content) -> [String: JSONTree] {
        func reference(_ name: String) -> JSONTree { ["$ref": .string("#/components/schemas/" + name)] }
        switch content {
        case .json(let name): return ["application/json": ["schema": reference(name)]]
        case .bytes(let type): return [type: type == "application/json" ? ["schema": ["type": "object"]] : [:]]
        // A stream of values has no schema as a whole: each line of it has one.
        case .lines(let name): return ["application/x-ndjson": ["x-line": reference(name)]]
        case .events(let name):
            return ["application/x-ndjson": ["x-line": reference(name)], "text/event-stream": ["x-data": reference(name)]]
        }
    }
}
