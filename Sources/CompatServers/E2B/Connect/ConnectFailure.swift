import Foundation
import HTTPTypes
import Hummingbird
import SandboxCore
import SandboxEngine

/// An error as the Connect protocol tells it. Codes and statuses: the Connect protocol's table.
struct ConnectFailure: Error, Sendable {
    var code: String
    var message: String

    static let statuses: [String: Int] = [
        "canceled": 499, "unknown": 500, "invalid_argument": 400, "deadline_exceeded": 504, "not_found": 404, "already_exists": 409,
        "permission_denied": 403, "resource_exhausted": 429, "failed_precondition": 400, "aborted": 409, "out_of_range": 400,
        "unimplemented": 501, "internal": 500, "unavailable": 503, "data_loss": 500, "unauthenticated": 401,
    ]

    init(_ code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What any error of ours is in this protocol.
    init(_ error: any Error) {
        switch error {
        case let failure as ConnectFailure: self = failure
        case let refusal as FileRefusal: self.init(Self.code(refusal.reason), "\(refusal)")
        case let failure as ExecStartFailure:
            self.init(failure.reason == .commandNotFound ? "not_found" : "invalid_argument", failure.message)
        case let error as SandboxError: self.init(Self.code(error.code), error.message)
        case is CancellationError: self.init("canceled", "the call was cancelled")
        case is DecodingError: self.init("invalid_argument", "the message is not the JSON that this procedure takes")
        default: self.init("internal", "an internal error")
        }
    }

    private static func code(_ reason: FileRefusal.Reason) -> String {
        switch reason {
        case .notFound: "not_found"
        case .alreadyExists: "already_exists"
        case .permissionDenied: "permission_denied"
        case .tooLarge, .noSpace: "resource_exhausted"
        case .isDirectory, .notDirectory, .notEmpty, .invalid: "invalid_argument"
        }
    }

    private static func code(_ code: SandboxError.Code) -> String {
        switch code {
        case .invalidArgument: "invalid_argument"
        case .notFound: "not_found"
        case .alreadyExists: "already_exists"
        case .unavailable: "unavailable"
        case .unsupported: "unimplemented"
        case .denied: "permission_denied"
        case .timeout: "deadline_exceeded"
        case .cancelled: "canceled"
        case .limitExceeded: "resource_exhausted"
        case .conflict: "failed_precondition"
        default: "internal"
        }
    }

    var body: [String: String] { ["code": code, "message": message] }

    var response: Response {
        CompatJSON.response(body, status: HTTPResponse.Status(code: Self.statuses[code] ?? 500))
    }
}
