import Foundation
import HTTPTypes
import SandboxCore
import SandboxEngine
public import SandboxServer

extension DaytonaServer {
    /// Terminals and logs that are followed.
    public func socket(for request: SocketRequest) async -> SocketHandler? {
        let steps = request.path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        guard steps.count >= 5, steps[1] == "toolbox", steps[3] == "process" else { return nil }
        let key = request.headers.bearerToken
        switch Array(steps[4...]) {
        case ["pty", "create-connect"]:
            return handler(key, steps[2]) { session, socket in
                let message = try Self.terminal(request)
                try await terminals.create(message, in: session)
                try await terminals.show(
                    message.id ?? "", fromStart: true, tellsExit: Self.tellsExit(request.headers), in: session, to: socket)
            }
        case let rest where rest.count == 3 && rest[0] == "pty" && rest[2] == "connect":
            return handler(key, steps[2]) { session, socket in
                try await terminals.show(rest[1], fromStart: false, tellsExit: Self.tellsExit(request.headers), in: session, to: socket)
            }
        case let rest where rest.count == 5 && rest[0] == "session" && rest[2] == "command" && rest[4] == "logs":
            return handler(key, steps[2]) { session, socket in
                try await shells.follow(rest[3], session: rest[1], in: session, to: socket)
            }
        default: return nil
        }
    }

    /// What fails is told in the socket, as the service does.
    private func handler(
        _ key: String?, _ sandbox: String, _ serve: @escaping @Sendable (SessionRecord, ServerSocket) async throws -> Void
    ) -> SocketHandler {
        { socket in
            do {
                let caller = try await caller(key)
                try await serve(try await started(sandbox, for: caller), socket)
            } catch {
                let failure = DaytonaFailure(error)
                try await socket.send(try .control(SessionMessages.Control(status: "error", error: failure.message)))
                try await socket.close(code: 1011, reason: failure.message)
            }
        }
    }

    private static func protocols(_ headers: HTTPFields) -> [String] {
        headers[values: field("Sec-WebSocket-Protocol")].flatMap { $0.split(separator: ",") }.map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    private static func tellsExit(_ headers: HTTPFields) -> Bool { protocols(headers).contains("X-Daytona-Pty-Exit-Control") }

    /// The terminal that a socket's address and protocols describe.
    private static func terminal(_ request: SocketRequest) throws -> SessionMessages.TerminalRequest {
        var words: [String: String] = [:]
        for item in URLComponents(string: "/?" + request.query)?.queryItems ?? [] {
            words[item.name] = item.value?.replacingOccurrences(of: "+", with: " ")
        }
        var message = SessionMessages.TerminalRequest(id: words["id"], cwd: words["cwd"])
        for (name, path) in [("cols", \SessionMessages.TerminalRequest.cols), ("rows", \.rows)] {
            guard let text = words[name] else { continue }
            guard let number = UInt16(text) else { throw DaytonaFailure(400, "'\(name)' is not a number") }
            message[keyPath: path] = number
        }
        let prefix = "X-Daytona-Pty-Envs~"
        if let encoded = protocols(request.headers).first(where: { $0.hasPrefix(prefix) })?.dropFirst(prefix.count) {
            var text = encoded.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            while text.count % 4 != 0 { text += "=" }
            guard let bytes = Data(base64Encoded: text) else { throw DaytonaFailure(400, "the terminal's environment is not base 64") }
            message.envs = try CompatJSON.decode(from: bytes)
        }
        return message
    }
}
