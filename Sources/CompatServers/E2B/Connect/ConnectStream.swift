import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore

/// The server's side of a stream: messages, keepalives while there are none, and the end.
struct ConnectStream: Sendable {
    /// Sends the messages. Returns when there are no more; a failure becomes the end's error.
    typealias Producer = @Sendable (_ send: @Sendable @escaping (any Encodable & Sendable) async throws -> Void) async throws -> Void

    /// The reader of this stream has gone.
    struct Gone: Error {}

    /// What is sent while nothing else is.
    let keepalive: (any Encodable & Sendable)?
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
        let frames = FrameChannel<ByteBuffer>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let end: ByteBuffer
                do {
                    try await produce { message in
                        guard await frames.send(try ConnectFraming.message(message)) else { throw Gone() }
                    }
                    end = ConnectFraming.end()
                } catch {
                    end = ConnectFraming.end(ConnectFailure(error))
                }
                _ = await frames.send(end)
                frames.close()
            }
            if let keepalive {
                group.addTask {
                    while !Task.isCancelled {
                        try await Task.sleep(for: interval)
                        guard await frames.send(try ConnectFraming.message(keepalive)) else { return }
                    }
                }
            }
            defer {
                frames.close()
                group.cancelAll()
            }
            while let frame = await frames.receive() { try await writer.write(frame) }
        }
        try await writer.finish(nil)
    }
}
