/// What the endpoint needs to know of an HTTP request. Who asks and where from was checked before.
public struct MCPHTTPRequest: Sendable {
    /// `POST`, `GET` or `DELETE`.
    public var method: String
    /// A header field by its name in lower case.
    public var header: @Sendable (_ name: String) -> String?
    public var body: [UInt8]
    public var access: MCPAccess
    /// Names the holder of the credentials; sessions are theirs alone.
    public var holder: String

    /// Creates a request.
    public init(
        method: String, header: @escaping @Sendable (_ name: String) -> String?, body: [UInt8], access: MCPAccess, holder: String
    ) {
        self.method = method
        self.header = header
        self.body = body
        self.access = access
        self.holder = holder
    }
}

/// What goes back.
public struct MCPHTTPAnswer: Sendable {
    /// The body.
    public enum Body: Sendable {
        /// Empty, or JSON.
        case whole([UInt8])
        /// Server-sent events.
        case events(MCPEvents)
    }

    public var status: Int
    /// Header fields besides the content's type.
    public var headers: [(name: String, value: String)]
    public var body: Body

    static func json(_ status: Int, _ json: JSON, headers: [(name: String, value: String)] = []) -> MCPHTTPAnswer {
        MCPHTTPAnswer(status: status, headers: headers, body: .whole(json.bytes))
    }

    static func empty(_ status: Int, headers: [(name: String, value: String)] = []) -> MCPHTTPAnswer {
        MCPHTTPAnswer(status: status, headers: headers, body: .whole([]))
    }

    static func failure(_ error: RPCError, to id: RPCID?, status: Int? = nil) -> MCPHTTPAnswer {
        json(status ?? Self.status(of: error), RPCReply.failure(id, error))
    }

    /// The protocol's table; a fault of the server is an answer like any other.
    static func status(of error: RPCError) -> Int {
        switch error.code {
        case -32601: 404
        case -32700, -32600, -32602, -32020, -32022: 400
        default: 200
        }
    }
}

/// A stream of server-sent events, for one reader. Letting go of it is leaving.
public final class MCPEvents: Sendable {
    private let pull: @Sendable () async -> [UInt8]?
    private let onLeave: @Sendable () -> Void

    init(next: @escaping @Sendable () async -> [UInt8]?, leave: @escaping @Sendable () -> Void) {
        pull = next
        onLeave = leave
    }

    deinit { onLeave() }

    /// The next event as it is written on the wire; nil at the end.
    public func next() async -> [UInt8]? { await pull() }

    /// The reader has gone.
    public func leave() { onLeave() }
}
