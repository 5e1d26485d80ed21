import Foundation
import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine

/// An error as the service tells it; its two halves call themselves by different names.
struct DaytonaFailure: Error, Sendable {
    /// Who speaks.
    enum Source: String, Sendable {
        case api = "DAYTONA_API"
        case daemon = "DAYTONA_DAEMON"
    }

    var status: Int
    var code: String
    var message: String

    private struct Body: Encodable {
        var path: String
        var method: String
        var timestamp: String
        var statusCode: Int
        var error: String
        var message: String
        var code: String
        var source: String
    }

    init(_ status: Int, _ message: String, code: String? = nil) {
        self.status = status
        self.message = message
        self.code = code ?? Self.codes[status] ?? "INTERNAL_SERVER_ERROR"
    }

    /// What any error of ours is in this protocol.
    init(_ error: any Error) {
        switch error {
        case let failure as DaytonaFailure: self = failure
        case let refusal as FileRefusal: self.init(refusal)
        case let error as SandboxError: self.init(Self.status(error.code), error.message)
        case let failure as ExecStartFailure: self.init(400, failure.message)
        case is CancellationError: self.init(503, "the call was cancelled")
        case is DecodingError: self.init(400, "the body is not the JSON that this call takes", code: "INVALID_REQUEST_BODY")
        default: self.init(500, "an internal error")
        }
    }

    private init(_ refusal: FileRefusal) {
        switch refusal.reason {
        case .notFound: self.init(404, "\(refusal)", code: "FILE_NOT_FOUND")
        case .permissionDenied: self.init(403, "\(refusal)", code: "FILE_ACCESS_DENIED")
        case .alreadyExists: self.init(409, "\(refusal)")
        case .isDirectory, .notDirectory, .notEmpty, .invalid: self.init(400, "\(refusal)", code: "INVALID_FILE_PATH")
        case .tooLarge: self.init(422, "\(refusal)")
        case .noSpace: self.init(500, "\(refusal)")
        }
    }

    /// What this server has no counterpart for.
    static func unserved(_ what: String) -> DaytonaFailure { DaytonaFailure(501, what, code: "NOT_IMPLEMENTED") }

    private static let codes: [Int: String] = [
        400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 408: "REQUEST_TIMEOUT", 409: "CONFLICT",
        410: "GONE", 422: "UNPROCESSABLE_ENTITY", 429: "TOO_MANY_REQUESTS", 501: "NOT_IMPLEMENTED", 503: "SERVICE_UNAVAILABLE",
        504: "GATEWAY_TIMEOUT",
    ]

    private static func status(_ code: SandboxError.Code) -> Int {
        switch code {
        case .invalidArgument: 400
        case .denied: 403
        case .notFound: 404
        case .alreadyExists, .conflict: 409
        case .limitExceeded: 429
        case .unavailable: 503
        case .unsupported: 501
        case .timeout: 504
        default: 500
        }
    }

    /// As the answer to this request.
    func response(to request: Request, from source: Source) -> Response {
        CompatJSON.response(body(path: request.uri.path, method: request.method.rawValue, source), status: .init(code: status))
    }

    /// As a part of an answer about several things.
    func json(path: String, method: String, from source: Source) -> [UInt8] {
        (try? CompatJSON.encode(body(path: path, method: method, source))) ?? []
    }

    private func body(path: String, method: String, _ source: Source) -> Body {
        Body(
            path: path, method: method, timestamp: CompatTime.text(milliseconds: Timestamp.now().milliseconds), statusCode: status,
            error: HTTPResponse.Status(code: status).reasonPhrase, message: message, code: code, source: source.rawValue)
    }
}
