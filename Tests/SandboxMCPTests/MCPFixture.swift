import Foundation
import Logging
import SandboxCore
import SandboxEngine
import SandboxTesting
import Synchronization
import SystemPackage

@testable import SandboxMCP

/// A server over an engine whose sandboxes are in memory.
struct MCPFixture {
    let engine: Engine
    let server: MCPServer

    static func with<R>(
        _ policy: MCPPolicy? = nil, backends: [any SandboxBackend] = [InMemoryBackend()], _ body: (MCPFixture) async throws -> R
    ) async throws -> R {
        let data = FilePath(FileManager.default.temporaryDirectory.appending(path: "sandlot-mcp-\(UUID().uuidString)").path)
        defer { try? FileManager.default.removeItem(atPath: data.string) }
        let engine = try Engine(
            configuration: EngineConfiguration(dataDirectory: data), backends: backends, logger: Logger(label: "test"))
        let server = MCPServer(
            engine: engine, policy: policy ?? MCPPolicy(defaultSession: .open(SessionRequest(endsWithCreator: true))), version: "1",
            logger: Logger(label: "test"))
        do {
            let result = try await body(MCPFixture(engine: engine, server: server))
            await server.close()
            await engine.shutdown()
            return result
        } catch {
            await engine.shutdown()
            throw error
        }
    }

    /// Calls a tool as a modern client does.
    func call(_ tool: String, _ arguments: JSON = [:], access: MCPAccess = .full) async throws -> JSON {
        let request = RPCRequest(
            id: .integer(1), method: "tools/call",
            params: Modern.params(["name": .string(tool), "arguments": arguments]).members ?? JSON.Members())
        return try await server.result(of: request, access: access, negotiated: nil) { _ in }
    }
}

/// Requests of clients that begin without a handshake.
enum Modern {
    static let version = "2026-07-28"

    static func params(_ params: JSON = [:], meta: JSON = [:]) -> JSON {
        var all = params.members ?? JSON.Members()
        var envelope = meta.members ?? JSON.Members()
        envelope[MetaKey.protocolVersion] = .string(version)
        envelope[MetaKey.clientCapabilities] = [:]
        all["_meta"] = .object(envelope)
        return .object(all)
    }

    static func request(_ id: Int64, _ method: String, _ params: JSON = [:], meta: JSON = [:]) -> JSON {
        ["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": Self.params(params, meta: meta)]
    }

    static func call(_ id: Int64, _ tool: String, _ arguments: JSON = [:], meta: JSON = [:]) -> JSON {
        request(id, "tools/call", ["name": .string(tool), "arguments": arguments], meta: meta)
    }
}

/// A client on a pair of byte streams.
final class StreamClient: Sendable {
    private let input: AsyncStream<[UInt8]>.Continuation
    private let received = Mutex<[JSON]>([])
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation
    private let pieces: AsyncStream<[UInt8]>

    private init() {
        (pieces, input) = AsyncStream.makeStream()
        (changes, changed) = AsyncStream.makeStream()
    }

    static func with(
        _ server: MCPServer, access: MCPAccess = .full, _ body: (StreamClient) async throws -> Void
    ) async throws {
        let client = StreamClient()
        let stream = MCPStream(server: server, access: access) { client.take($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var pieces = client.pieces.makeAsyncIterator()
                try await stream.run(grace: .seconds(20)) { await pieces.next() }
            }
            do {
                try await body(client)
            } catch {
                client.input.finish()
                throw error
            }
            client.input.finish()
            try await group.next()
        }
    }

    private func take(_ bytes: [UInt8]) {
        precondition(bytes.last == 0x0A && bytes.dropLast().allSatisfy { $0 != 0x0A }, "a message is one line")
        if let json = try? JSONParser.parse(bytes) { received.withLock { $0.append(json) } }
        changed.yield()
    }

    func send(_ json: JSON) { send(raw: json.bytes + [0x0A]) }
    func send(raw: [UInt8]) { input.yield(raw) }
    func send(raw: String) { send(raw: Array(raw.utf8)) }

    var messages: [JSON] { received.withLock { $0 } }

    /// Waits for a message, also one that came before.
    func message(_ matches: (JSON) -> Bool) async throws -> JSON {
        var iterator = changes.makeAsyncIterator()
        while true {
            if let found = messages.first(where: matches) { return found }
            guard await iterator.next() != nil else { throw CancellationError() }
        }
    }

    func answer(_ id: Int64) async throws -> JSON { try await message { $0["id"] == .integer(id) } }

    /// Sends a request and waits for its answer.
    func ask(_ json: JSON) async throws -> JSON {
        send(json)
        guard let id = json["id"]?.whole else { throw CancellationError() }
        return try await answer(id)
    }

    func handshake(_ revision: String) async throws -> JSON {
        let answer = try await ask([
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": ["protocolVersion": .string(revision), "capabilities": [:], "clientInfo": ["name": "test", "version": "1"]],
        ])
        send(["jsonrpc": "2.0", "method": "notifications/initialized"])
        return answer
    }
}

extension JSON {
    /// The text of a tool's result.
    var toolText: String { self["content"]?.elements?.first?["text"]?.text ?? "" }
    var facts: JSON { self["structuredContent"] ?? .null }
    var isToolError: Bool { self["isError"] == true }
    var errorCode: String? { facts["error"]?["code"]?.text }
}
