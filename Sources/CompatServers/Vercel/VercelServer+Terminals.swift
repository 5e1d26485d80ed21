import Foundation
import SandboxCore
import SandboxEngine
public import SandboxServer
import Synchronization

extension VercelServer {
    /// Terminals: each socket is one command's, which ends with it.
    public func socket(for request: SocketRequest) async -> SocketHandler? {
        guard request.path == Self.prefix + "/terminal",
            let token = URLComponents(string: "/?" + request.query)?.queryItems?.first(where: { $0.name == "token" })?.value
        else { return nil }
        return { socket in
            guard let sandbox = tickets.take(token) else { return try await socket.close(code: 1008, reason: "the token is not valid") }
            try await serve(socket, sandbox)
        }
    }

    private func serve(_ socket: ServerSocket, _ sandbox: VercelRecord) async throws {
        let started = Mutex<EngineExec?>(nil)
        let (starts, source) = AsyncStream<EngineExec>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let commands = commands
        do {
            try await socket.run(
                receiving: { message in
                    let exec = started.withLock { $0 }
                    switch message {
                    case .binary(let bytes):
                        do {
                            try await exec?.write(bytes)
                        } catch let error as SandboxError where error.code == .conflict {
                            // It has ended: the end is on its way.
                        }
                    case .text(let text):
                        let said: CommandMessages.TerminalRequest = try CompatJSON.decode(from: Array(text.utf8))
                        if said.type == "start", exec == nil {
                            let made = try await commands.terminal(said, in: sandbox)
                            started.withLock { $0 = made }
                            source.yield(made)
                        } else if said.type == "resize" {
                            try await exec?.resize(try VercelCommands.size(said))
                        }
                    }
                },
                sending: {
                    for await exec in starts {
                        for try await event in exec.events {
                            switch event {
                            case .output(let chunk): try await socket.send(.binary(chunk.bytes))
                            case .ended(let ending): return try await Self.end(ending.outcome, socket)
                            }
                        }
                    }
                })
        } catch {
            try await socket.close(code: 1011, reason: VercelFailure(error).message)
        }
        source.finish()
        // Nobody can come back to it.
        try? await started.withLock { $0 }?.cancel()
    }

    private static func end(_ outcome: ExecOutcome, _ socket: ServerSocket) async throws {
        if case .lost(let reason) = outcome { return try await socket.close(code: 1011, reason: reason) }
        let exit = CommandMessages.TerminalExit(code: outcome.exitStatus)
        try await socket.send(.text(String(decoding: try CompatJSON.encode(exit), as: UTF8.self)))
        try await socket.close(code: 1000)
    }
}
