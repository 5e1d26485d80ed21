import HTTPTypes
import Hummingbird
import NIOCore
import SandboxAPI
import SandboxCore

/// The two ways in which a stream of JSON values is written.
enum EventFormat: Sendable {
    /// A line each.
    case lines
    /// Server-sent events, which a browser resumes by itself.
    case events

    /// As `Accept` says; lines where it says nothing.
    init(_ request: Request) {
        self = (request.headers[.accept] ?? "").contains("text/event-stream") ? .events : .lines
    }

    var mediaType: String {
        switch self {
        case .lines: "application/x-ndjson"
        case .events: "text/event-stream"
        }
    }

    /// One value; `word` and `id` are told in server-sent events only.
    func frame(_ value: some Encodable, word: String, id: String? = nil) throws -> ByteBuffer {
        let json = try APICoding.encode(value)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(json.count + 64)
        if self == .events {
            buffer.writeString("event: \(word)\n")
            if let id { buffer.writeString("id: \(id)\n") }
            buffer.writeString("data: ")
        }
        buffer.writeBytes(json)
        buffer.writeString(self == .events ? "\n\n" : "\n")
        return buffer
    }

    func response(_ body: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void) -> Response {
        Response(
            status: .ok, headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: Hummingbird.ResponseBody { writer in
                try await body(&writer)
                try await writer.finish(nil)
            })
    }
}
