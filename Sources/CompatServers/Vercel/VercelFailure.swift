import HTTPTypes
import Hummingbird
import SandboxCore

/// An error as the service tells it.
struct VercelFailure: Error, Sendable {
    var status: Int
    var code: String
    var message: String

    struct Told: Codable, Sendable {
        var code: String
        var message: String
    }

    private struct Body: Encodable {
        var error: Told
    }

    init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// What any error of ours is in this protocol.
    init(_ error: any Error) {
        switch error {
        case let failure as VercelFailure: self = failure
        case let refusal as FileRefusal:
            self.init(refusal.reason == .notFound ? 404 : 400, refusal.reason == .notFound ? "not_found" : "bad_request", "\(refusal)")
        case let error as SandboxError: self = Self.of(error)
        case let failure as ExecStartFailure: self.init(400, "bad_request", failure.message)
        case is CancellationError: self.init(503, "service_unavailable", "the call was cancelled")
        case is DecodingError: self.init(400, "bad_request", "the body is not the JSON that this call takes")
        default: self.init(500, "internal_server_error", "an internal error")
        }
    }

    /// What this server has no counterpart for.
    static func unserved(_ what: String) -> VercelFailure { VercelFailure(501, "not_implemented", what) }

    /// What is told of a session that has ended.
    static let stopped = VercelFailure(410, "sandbox_stopped", "the sandbox's session has stopped")

    private static func of(_ error: SandboxError) -> VercelFailure {
        switch error.code {
        case .invalidArgument: VercelFailure(400, "bad_request", error.message)
        case .denied: VercelFailure(403, "forbidden", error.message)
        case .notFound: VercelFailure(404, "not_found", error.message)
        case .alreadyExists, .conflict: VercelFailure(409, "conflict", error.message)
        case .limitExceeded: VercelFailure(429, "rate_limited", error.message)
        case .unavailable: VercelFailure(503, "service_unavailable", error.message)
        case .unsupported: VercelFailure(501, "not_implemented", error.message)
        case .timeout: VercelFailure(504, "timeout", error.message)
        default: VercelFailure(500, "internal_server_error", error.message)
        }
    }

    var told: Told { Told(code: code, message: message) }
    var response: Response { CompatJSON.response(Body(error: told), status: .init(code: status)) }
}
