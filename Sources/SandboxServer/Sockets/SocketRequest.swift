public import HTTPTypes
import NIOHTTP1

/// A request to become a WebSocket.
public struct SocketRequest: Sendable {
    /// Without the query, escapes left as they came.
    public var path: String
    /// After the question mark; empty where there is none.
    public var query: String
    /// Fields with names that no header can have are left out.
    public var headers: HTTPFields

    init(_ head: HTTPRequestHead) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        path = parts[0]
        query = parts.count > 1 ? parts[1] : ""
        headers = HTTPFields()
        for (name, value) in head.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
    }
}

/// Serves one WebSocket to its end.
public typealias SocketHandler = @Sendable (ServerSocket) async throws -> Void
