import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore

/// Connect's envelopes for streams: one flag byte, four bytes of length, a message.
enum ConnectFraming {
    static let streamType = "application/connect+json"
    private static let endOfStream: UInt8 = 2

    static func message(_ value: some Encodable) throws -> ByteBuffer { frame(0, try CompatJSON.encode(value)) }

    static func end(_ failure: ConnectFailure? = nil) -> ByteBuffer {
        let body = failure.map { ["error": $0.body] } ?? [:]
        return frame(endOfStream, (try? CompatJSON.encode(body)) ?? Array("{}".utf8))
    }

    private static func frame(_ flag: UInt8, _ bytes: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(flag)
        buffer.writeInteger(UInt32(bytes.count))
        buffer.writeBytes(bytes)
        return buffer
    }

    /// The only message of a stream request that has one.
    static func single<Value: Decodable>(_ type: Value.Type = Value.self, of request: Request) async throws -> Value {
        var reader = ConnectReader(request)
        guard let bytes = try await reader.next() else { throw ConnectFailure("invalid_argument", "the stream has no message") }
        do {
            return try CompatJSON.decode(type, from: bytes)
        } catch {
            throw ConnectFailure(error)
        }
    }
}

/// Reads the messages of a client's stream.
struct ConnectReader {
    private static let largestMessage: UInt32 = 4 << 20

    private var source: RequestBody.AsyncIterator
    private var buffer = ByteBuffer()
    private var isOver = false

    init(_ request: Request) { source = request.body.makeAsyncIterator() }

    /// The next message; nil at the end.
    mutating func next() async throws -> [UInt8]? {
        while !isOver {
            if let message = try take() { return message }
            guard var piece = try await source.next() else {
                guard buffer.readableBytes == 0 else {
                    throw ConnectFailure("invalid_argument", "the stream ends in the middle of a message")
                }
                return nil
            }
            buffer.writeBuffer(&piece)
        }
        return nil
    }

    private mutating func take() throws -> [UInt8]? {
        guard let flag: UInt8 = buffer.getInteger(at: buffer.readerIndex),
            let length: UInt32 = buffer.getInteger(at: buffer.readerIndex + 1)
        else { return nil }
        guard length <= Self.largestMessage else { throw ConnectFailure("resource_exhausted", "a message of \(length) bytes is too long") }
        guard flag & 1 == 0 else { throw ConnectFailure("unimplemented", "compressed messages are not served") }
        guard buffer.readableBytes >= 5 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 5)
        let bytes = buffer.readBytes(length: Int(length)) ?? []
        buffer.discardReadBytes()
        if flag & 2 != 0 {
            isOver = true
            return nil
        }
        return bytes
    }
}
