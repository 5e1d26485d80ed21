/// One operation of the API: what the server registers, what the OpenAPI document tells, and what clients call. There is one list, `all`.
public struct APIRoute: Sendable, Equatable {
    /// What a caller must be allowed to do; each includes the ones before it.
    public enum Scope: String, Sendable, Codable, CaseIterable, Comparable {
        case read, exec, admin

        /// Less powerful sorts first.
        public static func < (left: Scope, right: Scope) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// A value in the query or in a header.
    public struct Parameter: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case string, integer, number, boolean
        }
        public enum Place: String, Sendable {
            case query, header
        }
        public var name: String
        public var kind: Kind
        public var isRequired: Bool
        public var summary: String
        public var place: Place
        /// Smallest and largest of an integer.
        public var bounds: ClosedRange<Int>?
    }

    /// A body in either direction.
    public enum Content: Sendable, Equatable {
        /// A schema of the document.
        case json(String)
        /// Bytes of a media type.
        case bytes(String)
        /// Lines of JSON, each of this schema.
        case lines(String)
        /// Lines of JSON or server-sent events, as `Accept` says.
        case events(String)
    }

    /// A good answer.
    public struct Answer: Sendable, Equatable {
        public var status: Int
        public var content: Content?
    }

    /// Names the operation: `startExec`.
    public var id: String
    public var method: String
    /// With `{name}` for its parameters.
    public var path: String
    /// Nil needs no token.
    public var scope: Scope?
    public var summary: String
    public var parameters: [Parameter]
    public var request: Content?
    public var answers: [Answer]

    init(
        _ id: String, _ method: String, _ path: String, _ scope: Scope?, _ summary: String, parameters: [Parameter] = [],
        request: Content? = nil, _ answers: (Int, Content?)...
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.scope = scope
        self.summary = summary
        self.parameters = parameters
        self.request = request
        self.answers = answers.map { Answer(status: $0.0, content: $0.1) }
    }

    /// The names between braces in the path.
    public var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// Every operation.
    public static let all: [APIRoute] = system + sessions + workspaces + execs + files + images + access
}

extension APIRoute.Parameter {
    static func text(_ name: String, _ summary: String, required: Bool = false) -> Self {
        Self(name: name, kind: .string, isRequired: required, summary: summary, place: .query)
    }
    static func flag(_ name: String, _ summary: String) -> Self {
        Self(name: name, kind: .boolean, isRequired: false, summary: summary, place: .query)
    }
    static func integer(_ name: String, _ summary: String, _ bounds: ClosedRange<Int> = 0...Int.max) -> Self {
        Self(name: name, kind: .integer, isRequired: false, summary: summary, place: .query, bounds: bounds)
    }
    static func header(_ name: String, _ summary: String) -> Self {
        Self(name: name, kind: .string, isRequired: false, summary: summary, place: .header)
    }
}
