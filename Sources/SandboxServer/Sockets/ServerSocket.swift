import NIOCore
import NIOWebSocket
import ServiceLifecycle

/// A WebSocket that a contributor serves.
public final class ServerSocket: Sendable {
    /// What either end says.
    public enum Message: Sendable, Equatable {
        case text(String)
        case binary([UInt8])
    }

    typealias Channel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private enum Part {
        case receiving, sending, keeping, ending
    }

    private let inbound: NIOAsyncChannelInboundStream<WebSocketFrame>
    private let output: SocketOutput
    private let keepalive: Duration

    init(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ output: SocketOutput, keepalive: Duration) {
        self.inbound = inbound
        self.output = output
        self.keepalive = keepalive
    }

    /// Runs both directions until `sending` returns, the other end closes or goes, or the server shuts down. To be called once.
    ///
    /// `sending` is cancelled when nobody listens any more. What `receiving` or `sending` throws is thrown.
    public func run(
        receiving: @escaping @Sendable (Message) async throws -> Void, sending: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Part.self) { group in
            group.addTask {
                try await self.receive(receiving)
                return .receiving
            }
            group.addTask {
                try await sending()
                return .sending
            }
            group.addTask {
                // An end that answers no ping has gone; the connection's guard closes it then.
                while (try? await Task.sleep(for: self.keepalive)) != nil { try await self.output.ping() }
                return .keeping
            }
            group.addTask {
                try? await gracefulShutdown()
                return .ending
            }
            defer { group.cancelAll() }
            if try await group.next() == .ending { try await output.close(.goingAway) }
        }
    }

    /// Sends a message; waits while the other end does not read.
    public func send(_ message: Message) async throws {
        switch message {
        case .text(let text): try await output.text(Array(text.utf8))
        case .binary(let bytes): try await output.bytes(bytes)
        }
    }

    /// Ends the conversation. A reason has at most 123 bytes; what is longer is cut.
    public func close(code: UInt16, reason: String = "") async throws {
        try await output.close(WebSocketErrorCode(codeNumber: Int(code)), reason: reason)
    }

    private func receive(_ take: @Sendable (Message) async throws -> Void) async throws {
        for try await frame in inbound {
            switch frame.opcode {
            case .binary: try await take(.binary(Array(frame.unmaskedData.readableBytesView)))
            case .text: try await take(.text(String(decoding: frame.unmaskedData.readableBytesView, as: UTF8.self)))
            case .ping: try await output.pong(frame.unmaskedData)
            case .connectionClose: return
            default: break
            }
        }
    }
}
