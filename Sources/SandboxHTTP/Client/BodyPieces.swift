import AsyncHTTPClient
import NIOCore
import SandboxCore

/// Walks a response's body from whatever task asks; one at a time, as the stream that wraps it is single-pass.
actor BodyPieces {
    private var iterator: HTTPClientResponse.Body.AsyncIterator?

    init(_ body: HTTPClientResponse.Body) { iterator = body.makeAsyncIterator() }

    func next() async throws -> [UInt8]? {
        guard var taken = iterator else { return nil }
        // Taken out while it is awaited: the actor may be entered again meanwhile, and then there is nothing to read.
        iterator = nil
        guard let piece = try await taken.next(isolation: self) else { return nil }
        iterator = taken
        return Array(piece.readableBytesView)
    }
}

/// A stream of bytes as the client wants a request's body.
struct BufferedPieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let stream: SandboxStream<[UInt8]>

    init(_ stream: SandboxStream<[UInt8]>) { self.stream = stream }

    struct Iterator: AsyncIteratorProtocol {
        var pieces: SandboxStream<[UInt8]>.Iterator

        mutating func next() async throws -> ByteBuffer? { try await pieces.next().map { ByteBuffer(bytes: $0) } }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: stream.makeAsyncIterator()) }
}
