import SandboxAPI
import SandboxCore
import SandboxHTTP
import SystemPackage

/// One call of an operation of the API, by its entry in the table of routes: a path that the server does not have cannot be called.
struct APICall: Sendable {
    enum Wait: Sendable {
        case answer
        /// As long as the work takes.
        case work
    }

    private let route: APIRoute
    private let path: [String: String]
    private var query: [String] = []
    var body: HTTPCall.Body = .none
    var wait = Wait.answer

    /// The session whose sandbox, execs or files it is about; nil for calls that are about no session or about one as such.
    var session: String? { route.path.hasPrefix(APIRoute.getSession.path + "/") ? path["session"] : nil }

    /// A call of a route with values for the names in its path.
    init(_ route: APIRoute, _ path: [String: String] = [:], wait: Wait = .answer) {
        self.route = route
        self.path = path
        self.wait = wait
    }

    /// Adds a value of the query; nil adds nothing.
    mutating func add(_ name: String, _ value: (some CustomStringConvertible)?) {
        if let value { query.append("\(name)=\(HTTPText.segment(value.description))") }
    }

    /// Adds a path, whose bytes need not be text.
    mutating func add(_ name: String, path value: FilePath?) {
        if let value { query.append("\(name)=\(HTTPText.segment(bytes: value.bytes))") }
    }

    /// Sends a JSON body.
    mutating func send(_ value: some Encodable) throws { body = .bytes(try APICoding.encode(value), type: "application/json") }

    func http(token: String?, _ patience: SandlotClient.Patience) throws -> HTTPCall {
        guard let verb = HTTPCall.Verb(rawValue: route.method) else {
            throw SandboxError(.internalError, "the method \(route.method) of \(route.id) is not known")
        }
        var target = ""
        for part in route.path.split(separator: "/") {
            guard part.hasPrefix("{") else {
                target += "/\(part)"
                continue
            }
            guard let value = path[String(part.dropFirst().dropLast())], !value.isEmpty else {
                throw SandboxError(.invalidArgument, "\(route.id) needs \(part)", remedy: "give it")
            }
            target += "/\(HTTPText.segment(value))"
        }
        if !query.isEmpty { target += "?" + query.joined(separator: "&") }
        var call = HTTPCall(verb, target, body: body, deadline: wait == .work ? patience.work : patience.answer)
        if let token { call.headers.append((name: "Authorization", value: "Bearer \(token)")) }
        return call
    }
}
