import HTTPTypes
import Hummingbird
import NIOCore

/// Answers that are bytes of a sandbox: never shown by a browser as a page.
enum ByteAnswer {
    /// Answers with bytes that are here already.
    static func response(whole bytes: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/octet-stream", .contentDisposition: "attachment"],
            body: Hummingbird.ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Asks for one piece after the other as they are written out. `keepsOpen` is for sources that may be silent for long: then a reader that
    /// goes away ends them.
    static func response(
        _ status: HTTPResponse.Status, type: String = "application/octet-stream", headers: HTTPFields = [:], keepsOpen: Bool = false,
        length: UInt64? = nil, _ source: @escaping @Sendable () async throws -> [UInt8]?
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        headers[.contentDisposition] = "attachment"
        let body = Hummingbird.ResponseBody(contentLength: length.map { Int(clamping: $0) }) { writer in
            if keepsOpen {
                var out = writer
                try await LiveStream.run(keepalive: .seconds(86_400), source: source) { item in
                    switch item {
                    case .element(let piece): try await out.write(ByteBuffer(bytes: piece))
                    // Raw bytes have no room for a notice: an answer that is not ended properly says that it is not whole.
                    case .failure(let error): throw error
                    case .notice: throw CancellationError()
                    case .end, .gone, .silence: break
                    }
                    return true
                }
                writer = out
            } else {
                while let piece = try await source() { try await writer.write(ByteBuffer(bytes: piece)) }
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }
}
