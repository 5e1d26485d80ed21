import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SandboxCore

/// JSON in and out.
enum CompatJSON {
    /// Requests of these protocols are small; files go another way.
    static let largestBody = 4 << 20

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from bytes: some Collection<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: bytes.isEmpty ? Data("{}".utf8) : Data(bytes))
    }

    static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from request: Request) async throws -> Value {
        do {
            return try decode(type, from: try await bytes(of: request))
        } catch let error as DecodingError {
            throw SandboxError(.invalidArgument, "the body is not the JSON that this call takes: \(place(error))")
        }
    }

    /// The whole body, up to the cap.
    static func bytes(of request: Request, limit: Int = largestBody) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in request.body {
            guard bytes.count + piece.readableBytes <= limit else {
                throw SandboxError(.limitExceeded, "the body is longer than \(limit) bytes")
            }
            bytes += piece.readableBytesView
        }
        return bytes
    }

    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        guard let bytes = try? encode(value) else { return Response(status: .internalServerError) }
        var fields = headers
        fields[.contentType] = "application/json"
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func place(_ error: DecodingError) -> String {
        let path: [any CodingKey] =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context.codingPath
            case .keyNotFound(let key, let context): context.codingPath + [key]
            @unknown default: []
            }
        return path.isEmpty ? "not valid JSON" : "wrong or missing '\(path.map(\.stringValue).joined(separator: "."))'"
    }
}
