import Foundation
import SandboxCore

/// A body that clients send. Words that it does not know are refused, because a misspelt wish must not be dropped in silence.
public protocol RequestBody: Decodable, Sendable {
    /// The words that it knows.
    static var fields: [String] { get }
}

/// JSON as the API writes and reads it.
public enum APICoding {
    /// Encodes with sorted keys, so that the same value always has the same text.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// Decodes an answer; unknown words are let pass, because a newer server may say more.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as SandboxError {
            throw error
        } catch let error as DecodingError {
            throw SandboxError(.protocolViolation, "an answer cannot be read: \(error.place)", cause: error)
        }
    }

    /// Decodes a request. Throws `invalidArgument` for what is not JSON, not of the type, or unknown.
    public static func decodeRequest<Value: RequestBody>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        do {
            return try JSONDecoder().decode(Strict<Value>.self, from: bytes.isEmpty ? Data("{}".utf8) : Data(bytes)).value
        } catch let error as SandboxError {
            throw error
        } catch let error as DecodingError {
            throw SandboxError(.invalidArgument, "the body cannot be read: \(error.place)", remedy: "see the schema in /v1/openapi.json")
        }
    }
}

private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

private struct Strict<Value: RequestBody>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: AnyKey.self).allKeys
        if let unknown = keys.first(where: { !Value.fields.contains($0.stringValue) }) {
            throw SandboxError(
                .invalidArgument, "the body holds the unknown field '\(unknown.stringValue.prefix(64))'",
                remedy: "known are: " + Value.fields.joined(separator: ", "))
        }
        value = try Value(from: decoder)
    }
}

extension DecodingError {
    /// Where it went wrong and how, without the value, which may be a secret.
    fileprivate var place: String {
        func at(_ context: Context) -> String {
            let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
            return path.isEmpty ? "at its top" : "at '\(path)'"
        }
        return switch self {
        case .typeMismatch(let type, let context): "\(at(context)) a value is not of type \(type)"
        case .valueNotFound(_, let context): "\(at(context)) a value is missing"
        case .keyNotFound(let key, let context): "\(at(context)) the field '\(key.stringValue)' is missing"
        case .dataCorrupted(let context): "\(at(context)) the text is not valid"
        @unknown default: "it is not valid"
        }
    }
}
