import Foundation
import SandboxCore
import SandboxHTTP

/// JSON in and out.
enum CloudJSON {
    static let type = "application/json"

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(value))
    }

    static func call(_ verb: HTTPCall.Verb, _ path: String, _ body: some Encodable, deadline: Duration = .seconds(30)) throws -> HTTPCall {
        HTTPCall(verb, path, body: .bytes(try encode(body), type: type), deadline: deadline)
    }

    /// Reads an answer. What is not the JSON that was asked for is `protocolViolation`: a proxy's page, another service.
    static func decode<Value: Decodable>(_ answer: HTTPAnswer) throws -> Value {
        let kind = answer.headers["Content-Type"]?.lowercased() ?? ""
        guard kind.isEmpty || kind.contains("json") else {
            throw violation("the service's answer is '\(kind.prefix(60))' instead of JSON")
        }
        return try decode(answer.body)
    }

    static func decode<Value: Decodable>(_ bytes: [UInt8]) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw violation("the service's answer is not the JSON that was asked for")
        }
    }

    /// RFC 3339, with or without fractions of seconds.
    static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle()))
    }

    private static func violation(_ text: String) -> SandboxError {
        SandboxError(.protocolViolation, text, remedy: "check the service's address in the settings")
    }
}
