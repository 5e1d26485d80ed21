public import SandboxCore

/// One request of an HTTP API.
public struct HTTPCall: Sendable {
    /// A request's method.
    public enum Verb: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What is sent.
    public enum Body: Sendable {
        case none
        case bytes([UInt8], type: String)
        /// Sent in chunks as they come; a failing stream breaks the request off.
        case stream(SandboxStream<[UInt8]>, type: String)
    }

    public var verb: Verb
    /// From the root; with a query only where that is encoded already and `query` is empty; segments that come from outside are to be encoded by `HTTPText.segment`.
    public var path: String
    /// Encoded when it is sent.
    public var query: [(name: String, value: String)]
    public var headers: [(name: String, value: String)]
    public var body: Body
    /// For everything, from the connection to the answer's last byte.
    public var deadline: Duration

    /// Creates a request.
    public init(
        _ verb: Verb, _ path: String, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        body: Body = .none, deadline: Duration = .seconds(30)
    ) {
        self.verb = verb
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.deadline = deadline
    }

    /// Path and encoded query.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(HTTPText.segment($0.name))=\(HTTPText.segment($0.value))" }.joined(separator: "&")
    }
}

/// A complete answer.
public struct HTTPAnswer: Sendable {
    public var status: Int
    public var headers: HTTPFields
    public var body: [UInt8]

    /// Creates an answer.
    public init(status: Int, headers: HTTPFields = HTTPFields([]), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(status) }
    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// An answer whose body is still coming.
public struct HTTPStreamedAnswer: Sendable {
    public var status: Int
    public var headers: HTTPFields
    /// The body, as fast as it is asked for.
    public var body: SandboxStream<[UInt8]>

    /// 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(status) }
}

/// Header fields; names without regard to case.
public struct HTTPFields: Sendable {
    /// In the order in which they came.
    public let all: [(name: String, value: String)]

    /// Wraps fields.
    public init(_ all: [(name: String, value: String)]) { self.all = all }

    /// The first value of a name.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return all.first { $0.name.lowercased() == wanted }?.value
    }
}

/// Encoding of what goes into an address.
public enum HTTPText {
    private static let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    private static let digits = Array("0123456789ABCDEF")

    /// Percent-encodes everything but unreserved characters, `/` included.
    public static func segment(_ text: String) -> String { segment(bytes: text.utf8) }

    /// Percent-encodes bytes, which need not be text.
    public static func segment(bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { result, byte in
            if plain.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
