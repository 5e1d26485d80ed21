public import Logging
import SandboxCore
public import SandboxEngine
import Synchronization

/// The Model Context Protocol over an engine: a request goes in, its result comes out. It knows no transport and remembers no client.
public final class MCPServer: Sendable {
    /// Sends a notification that belongs to the request, while it is served.
    typealias Notify = @Sendable (JSON) async -> Void

    let engine: Engine
    let policy: MCPPolicy
    let logger: Logger
    let defaultSession: DefaultSession
    let sessions = OwnSessions()
    private let leavesCommands = Mutex(false)
    private let toolbox: Toolbox
    private let identity: JSON

    /// Creates a server. `version` is that of the program, as clients are told.
    public init(engine: Engine, policy: MCPPolicy, version: String, logger: Logger) {
        self.engine = engine
        self.policy = policy
        self.logger = logger
        defaultSession = DefaultSession(engine: engine, choice: policy.defaultSession)
        toolbox = Toolbox(policy: policy)
        identity = ["name": "sandlot", "title": "Sandlot", "version": .string(version)]
    }

    /// Serves a request. `negotiated` is the revision that a handshake settled, for clients that need one.
    func result(
        of request: RPCRequest, access: MCPAccess, negotiated: ProtocolRevision?, notify: @escaping Notify
    ) async throws(RPCError) -> JSON {
        let admitted = try admit(request, access: access, negotiated: negotiated)
        let result: JSON =
            switch admitted.work {
            case .ping: [:]
            case .discover:
                [
                    "supportedVersions": .array(ProtocolRevision.newestFirst.map { .string($0.rawValue) }),
                    "capabilities": Self.capabilities, "instructions": .string(Instructions.text(policy)), "ttlMs": 3_600_000,
                    "cacheScope": "private",
                ]
            case .list where admitted.isModern: ["tools": toolbox.listing(access), "ttlMs": 300_000, "cacheScope": "private"]
            case .list: ["tools": toolbox.listing(access)]
            case .call(let call): await perform(call, request, access, notify)
            case .listen: await listen(request, notify)
            }
        return admitted.isModern ? complete(result) : result
    }

    /// Decides whether a request can be served at all, before anything is done for it.
    func admit(_ request: RPCRequest, access: MCPAccess, negotiated: ProtocolRevision?) throws(RPCError) -> AdmittedRequest {
        let isModern = try RequestEra(request, negotiated: negotiated) == .modern
        switch (request.method, isModern) {
        case ("server/discover", true): return AdmittedRequest(isModern: true, work: .discover)
        case ("subscriptions/listen", true): return AdmittedRequest(isModern: true, work: .listen)
        case ("ping", false): return AdmittedRequest(isModern: false, work: .ping)
        case ("tools/list", _):
            if let cursor = request.params["cursor"], cursor != .null {
                throw .invalidParams("'cursor' is unknown: all tools come in one page")
            }
            return AdmittedRequest(isModern: isModern, work: .list)
        case ("tools/call", _): return AdmittedRequest(isModern: isModern, work: .call(try toolCall(request, access)))
        default: throw .methodNotFound(request.method)
        }
    }

    private func toolCall(_ request: RPCRequest, _ access: MCPAccess) throws(RPCError) -> ToolCall {
        guard let name = request.params["name"]?.text else { throw .invalidParams("'name' is missing") }
        guard let tool = toolbox.tool(name, access) else {
            throw .invalidParams("there is no tool '\(name.prefix(80))': call tools/list for those there are")
        }
        guard let arguments = (request.params["arguments"] ?? [:]).members else { throw .invalidParams("'arguments' is not an object") }
        return ToolCall(tool: tool, arguments: arguments)
    }

    /// The answer to `initialize` and the revision that it settles.
    func initialize(_ params: JSON.Members) throws(RPCError) -> (JSON, ProtocolRevision) {
        guard let asked = params["protocolVersion"]?.text else { throw .invalidParams("'protocolVersion' is missing") }
        let known = ProtocolRevision(rawValue: asked).flatMap { $0.hasHandshake ? $0 : nil }
        let revision = known ?? .newestWithHandshake
        return (
            [
                "protocolVersion": .string(revision.rawValue), "capabilities": Self.capabilities, "serverInfo": identity,
                "instructions": .string(Instructions.text(policy)),
            ], revision
        )
    }

    /// The set of tools never changes while the server runs.
    private static let capabilities: JSON = ["tools": [:]]

    private func complete(_ result: JSON) -> JSON {
        var members = result.members ?? JSON.Members()
        members.list.insert(("resultType", "complete"), at: 0)
        var meta = members["_meta"]?.members ?? JSON.Members()
        meta[MetaKey.serverInfo] = identity
        members["_meta"] = .object(meta)
        return .object(members)
    }

    private func perform(_ call: ToolCall, _ request: RPCRequest, _ access: MCPAccess, _ notify: @escaping Notify) async -> JSON {
        let token = request.params["_meta"]?[MetaKey.progressToken].flatMap(RPCID.init)
        let context = ToolContext(server: self, access: access, progress: token.map { ProgressReport(token: $0, notify: notify) })
        logger.debug("tool called", metadata: ["mcp.tool": "\(call.tool.name)"])
        do {
            let result = try await call.tool.run(ToolArguments(call.arguments, of: call.tool), context)
            if let holder = access.holder, !call.tool.hints.readOnly {
                let session = call.arguments["session"]?.text.flatMap { try? SessionID(validating: $0) } ?? access.onlySession
                engine.noteChange("mcp.\(call.tool.name)", by: holder, session: session)
            }
            return result.json
        } catch {
            return ToolFailure(error).json
        }
    }

    /// A subscription to nothing: there are no changes to tell. It lasts until the client lets go, as the protocol wants it.
    private func listen(_ request: RPCRequest, _ notify: Notify) async -> JSON {
        let meta: JSON = [MetaKey.subscription: request.id.json]
        await notify(RPCReply.notification("notifications/subscriptions/acknowledged", ["_meta": meta, "notifications": [:]]))
        // Waits for cancellation and for nothing else.
        let (never, _continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in never {}
        withExtendedLifetime(_continuation) {}
        return ["_meta": meta]
    }

    /// Closes the session that the server opened for itself.
    public func close() async { await defaultSession.close() }

    /// From now on a request that is broken off leaves its command running: the server ends, not its client's wish.
    func leaveCommands() { leavesCommands.withLock { $0 = true } }

    var isLeavingCommands: Bool { leavesCommands.withLock { $0 } }
}

/// A request that can be served.
struct AdmittedRequest: Sendable {
    enum Work: Sendable {
        case ping, discover, list, listen
        case call(ToolCall)
    }

    var isModern: Bool
    var work: Work

    /// It may take long and tell something meanwhile.
    var isStreamed: Bool {
        switch work {
        case .call, .listen: true
        case .ping, .discover, .list: false
        }
    }
}

/// A tool and what it is called with.
struct ToolCall: Sendable {
    var tool: Tool
    var arguments: JSON.Members
}

/// How a client speaks, told from the request itself.
enum RequestEra {
    case modern
    case handshake

    init(_ request: RPCRequest, negotiated: ProtocolRevision?) throws(RPCError) {
        let meta = request.params["_meta"]?.members
        guard let stated = meta?[MetaKey.protocolVersion] else {
            guard negotiated != nil || request.method == "ping" else {
                throw .invalidParams("no protocol version: state it in '_meta' as \(MetaKey.protocolVersion), or begin with 'initialize'")
            }
            self = .handshake
            return
        }
        guard let word = stated.text else { throw .invalidParams("\(MetaKey.protocolVersion) is not a string") }
        guard let revision = ProtocolRevision(rawValue: word), !revision.hasHandshake else { throw .unsupportedRevision(word) }
        guard meta?[MetaKey.clientCapabilities]?.members != nil else {
            throw .invalidParams("'_meta' has no \(MetaKey.clientCapabilities)")
        }
        self = .modern
    }
}

/// What a model is told about the server as a whole.
enum Instructions {
    static func text(_ policy: MCPPolicy) -> String {
        let session =
            if case .none = policy.defaultSession {
                "Open a session with session_open and pass its id as `session`."
            } else {
                "Calls that name no session share this server's own; session_open makes others."
            }
        return """
            Sandlot runs commands and edits files in sandboxes. \(session) Files and running commands of a session stay until it is closed. \
            Relative paths mean the session's workspace. `run` waits for a command; exec_start leaves it running. A command that fails is a \
            result with its exit code, not an error. Long output is cut in the middle: exec_output reads the rest by offset.
            """
    }
}
