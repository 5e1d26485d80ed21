import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore
import SandboxServer

/// The server's side of a stream: messages, keepalives while there are none, and the end.
struct ConnectStream: Sendable {
    /// Sends the messages. Returns when there are no more; a failure becomes the end's error.
    typealias Producer = @Sendable (_ send: @Sendable @escaping (any Encodable & Sendable) async throws -> Void) async throws -> Void

    /// What is sent while nothing else is.
    let keepalive: any Encodable & Sendable
    let interval: Duration

    func response(_ produce: @escaping Producer) -> Response {
        Response(
            status: .ok, headers: [.contentType: ConnectFraming.streamType, .cacheControl: "no-store"],
            body: ResponseBody { writer in try await write(to: &writer, produce) })
    }

    /// A stream that failed before it began.
    static func failed(_ error: any Error) -> Response {
        Response(
            status: .ok, headers: [.contentType: ConnectFraming.streamType],
            body: ResponseBody(byteBuffer: ConnectFraming.end(ConnectFailure(error))))
    }

    private func write(to writer: inout any ResponseBodyWriter, _ produce: @escaping Producer) async throws {
        var out = writer
        try await LiveStream.run(
            keepalive: interval,
            produce: { send in try await produce { try await send(try ConnectFraming.message($0)) } },
            write: { (item: StreamMailbox<ByteBuffer>.Item) in
                switch item {
                case .element(let frame): try await out.write(frame)
                case .silence: try await out.write(try ConnectFraming.message(keepalive))
                case .notice:
                    try await out.write(ConnectFraming.end(ConnectFailure("unavailable", "the server shuts down; what runs goes on")))
                case .failure(let error): try await out.write(ConnectFraming.end(ConnectFailure(error)))
                case .end: try await out.write(ConnectFraming.end())
                case .gone: return false
                }
                return true
            })
        writer = out
        try await writer.finish(nil)
    }
}
