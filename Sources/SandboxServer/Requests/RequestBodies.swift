import HTTPTypes
public import Hummingbird
import NIOCore
import SandboxAPI
public import SandboxCore

extension Request {
    /// More than any JSON body needs.
    private static let largestJSON = 8 << 20

    /// The body as a value. Throws `invalidArgument` for what it is not, and status 413 for one that is too large.
    func decoded<Value: SandboxAPI.RequestBody>(_ type: Value.Type) async throws -> Value {
        if let media = headers[.contentType]?.prefix(while: { $0 != ";" }).trimmingSuffix(while: { $0 == " " }).lowercased(),
            media != "application/json"
        {
            throw StatusError(
                status: .unsupportedMediaType,
                failure: SandboxError(.invalidArgument, "the body is of type '\(media.prefix(64))'", remedy: "send application/json"))
        }
        let stream = byteStream()
        var bytes: [UInt8] = []
        for try await piece in stream {
            guard bytes.count + piece.count <= Self.largestJSON else {
                throw StatusError(
                    status: .contentTooLarge,
                    failure: SandboxError(.limitExceeded, "the body is larger than \(Self.largestJSON) bytes", remedy: "send less"))
            }
            bytes += piece
        }
        return try APICoding.decodeRequest(type, from: bytes)
    }

    /// The body piece by piece. It throws when the sender goes away before the body is whole: a part must never pass for all of it.
    public func byteStream() -> SandboxStream<[UInt8]> {
        let reader = BodyReader(body, expected: headers[.contentLength].flatMap { UInt64($0) })
        return SandboxStream { try await reader.next() }
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isIn: (Character) -> Bool) -> Substring {
        var text = self
        while let last = text.last, isIn(last) { text.removeLast() }
        return text
    }
}

/// Unchecked: a body has one reader, which asks for one piece after the other; the iterator cannot be locked across its own waiting.
private final class BodyReader: @unchecked Sendable {
    private var iterator: Hummingbird.RequestBody.AsyncIterator
    private let expected: UInt64?
    private var received: UInt64 = 0

    init(_ body: Hummingbird.RequestBody, expected: UInt64?) {
        iterator = body.makeAsyncIterator()
        self.expected = expected
    }

    func next() async throws -> [UInt8]? {
        let cut = SandboxError(.cancelled, "the request's body is cut off", remedy: "send it again, whole")
        let piece: ByteBuffer?
        do {
            piece = try await iterator.next()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw cut
        }
        guard let piece else {
            if let expected, received < expected { throw cut }
            return nil
        }
        received += UInt64(piece.readableBytes)
        return Array(piece.readableBytesView)
    }
}
