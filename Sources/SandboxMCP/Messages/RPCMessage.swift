/// Names a request; text and numbers are different names.
public enum RPCID: Sendable, Hashable {
    case integer(Int64)
    case string(String)

    init?(_ json: JSON) {
        switch json {
        case .integer(let number): self = .integer(number)
        case .string(let text) where text.utf8.count <= 256: self = .string(text)
        default: return nil
        }
    }

    var json: JSON {
        switch self {
        case .integer(let number): .integer(number)
        case .string(let text): .string(text)
        }
    }
}

/// A request of the client.
public struct RPCRequest: Sendable {
    var id: RPCID
    var method: String
    var params: JSON.Members
}

/// One JSON-RPC message of the client.
enum RPCMessage: Sendable {
    case request(RPCRequest)
    case notification(method: String, params: JSON.Members)
    /// This server asks nothing of its clients, so an answer belongs to nothing.
    case response

    /// Throws the error to answer with and the id to answer to, where it can be told.
    init(_ json: JSON) throws(Malformed) {
        guard let members = json.members else { throw Malformed(id: nil, "a message is an object") }
        let id = members["id"].flatMap(RPCID.init)
        guard members["jsonrpc"] == "2.0" else { throw Malformed(id: id, "'jsonrpc' is not \"2.0\"") }
        guard let method = members["method"] else {
            guard members["result"] != nil || members["error"] != nil else { throw Malformed(id: id, "there is no 'method'") }
            self = .response
            return
        }
        guard let name = method.text else { throw Malformed(id: id, "'method' is not a string") }
        let params = members["params"] ?? .object(JSON.Members())
        guard let params = params.members else { throw Malformed(id: id, "'params' is not an object") }
        guard members["id"] != nil else {
            self = .notification(method: name, params: params)
            return
        }
        guard let id else { throw Malformed(id: nil, "'id' is neither a whole number nor a string of at most 256 bytes") }
        self = .request(RPCRequest(id: id, method: name, params: params))
    }

    struct Malformed: Error {
        var id: RPCID?
        var message: String
        init(id: RPCID?, _ message: String) {
            self.id = id
            self.message = message
        }
    }
}

/// A failure of the protocol itself. What a tool reports is a result.
public struct RPCError: Error, Sendable, Equatable {
    var code: Int64
    var message: String
    var data: JSON?

    static func parse(_ message: String) -> RPCError { RPCError(code: -32700, message: message) }
    static func invalidRequest(_ message: String) -> RPCError { RPCError(code: -32600, message: message) }
    static func methodNotFound(_ method: String) -> RPCError {
        RPCError(code: -32601, message: "there is no method '\(method.prefix(80))'")
    }
    static func invalidParams(_ message: String) -> RPCError { RPCError(code: -32602, message: message) }
    static func internalError(_ message: String) -> RPCError { RPCError(code: -32603, message: message) }
    static func headerMismatch(_ message: String) -> RPCError { RPCError(code: -32020, message: message) }
    static func unsupportedRevision(_ asked: String) -> RPCError {
        RPCError(
            code: -32022, message: "the protocol version '\(asked.prefix(40))' is not supported",
            data: ["supported": .array(ProtocolRevision.newestFirst.map { .string($0.rawValue) }), "requested": .string(asked)])
    }

    var json: JSON {
        var members: JSON.Members = .init([("code", .integer(code)), ("message", .string(message))])
        if let data { members["data"] = data }
        return .object(members)
    }
}

/// What goes back to the client.
enum RPCReply {
    static func result(_ id: RPCID, _ result: JSON) -> JSON { ["jsonrpc": "2.0", "id": id.json, "result": result] }
    static func failure(_ id: RPCID?, _ error: RPCError) -> JSON {
        // Where the id could not be told it is left out, as the protocol's own schema has it: null is no id there.
        guard let id else { return ["jsonrpc": "2.0", "error": error.json] }
        return ["jsonrpc": "2.0", "id": id.json, "error": error.json]
    }
    static func notification(_ method: String, _ params: JSON) -> JSON { ["jsonrpc": "2.0", "method": .string(method), "params": params] }
}
