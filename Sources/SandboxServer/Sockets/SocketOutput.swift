import NIOCore
import NIOWebSocket
import SandboxAPI

/// Writes messages; each call waits until there is room, so an end that does not read is held, not buffered for.
final class SocketOutput: Sendable {
    private let writer: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    init(_ writer: NIOAsyncChannelOutboundWriter<WebSocketFrame>) { self.writer = writer }

    func bytes(_ bytes: [UInt8]) async throws {
        try await writer.write(WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes)))
    }

    func text(_ bytes: [UInt8]) async throws {
        try await writer.write(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: bytes)))
    }

    func text(_ event: StreamEvent) async throws { try await text(Array(try APICoding.encode(event))) }

    func ping() async throws { try await writer.write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())) }
    func pong(_ data: ByteBuffer) async throws { try await writer.write(WebSocketFrame(fin: true, opcode: .pong, data: data)) }

    func close(_ code: WebSocketErrorCode, reason: String = "") async throws {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeBytes(reason.utf8.prefix(123))
        try await writer.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
    }
}
