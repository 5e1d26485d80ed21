/// Holds the header fields of a request against its body: what stands between client and server decides by the one, this server by the other.
enum HeaderCheck {
    static func check(_ request: RPCRequest, _ http: MCPHTTPRequest) throws(RPCError) {
        let meta = request.params["_meta"]
        guard let version = http.header("mcp-protocol-version") else {
            throw .headerMismatch("the header MCP-Protocol-Version is missing")
        }
        guard version == meta?[MetaKey.protocolVersion]?.text else {
            throw .headerMismatch("the header MCP-Protocol-Version is not what the body says")
        }
        guard http.header("mcp-method") == request.method else {
            throw .headerMismatch("the header Mcp-Method is missing or not what the body says")
        }
        guard request.method == "tools/call" else { return }
        guard let name = http.header("mcp-name").flatMap(decoded), name == request.params["name"]?.text else {
            throw .headerMismatch("the header Mcp-Name is missing or not what the body says")
        }
    }

    /// Text that a header cannot hold comes as `=?base64?…?=`.
    private static func decoded(_ value: String) -> String? {
        guard value.hasPrefix("=?base64?"), value.hasSuffix("?="), value.utf8.count >= 11 else { return value }
        return Base64.decode(String(value.dropFirst(9).dropLast(2))).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
