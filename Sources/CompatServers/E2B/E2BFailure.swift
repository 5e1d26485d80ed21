import HTTPTypes
import Hummingbird
import SandboxCore

/// An error as the service's control plane and file calls tell it.
struct E2BFailure: Error, Sendable {
    var status: Int
    var message: String

    private struct Body: Encodable {
        var code: Int
        var message: String
    }

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let failure as E2BFailure: self = failure
        case let error as SandboxError: self.init(Self.status(error.code), error.message)
        case let refusal as FileRefusal:
            let status =
                switch refusal.reason {
                case .notFound: 404
                case .alreadyExists, .notEmpty: 409
                case .permissionDenied: 403
                case .noSpace: 507
                case .tooLarge: 413
                case .isDirectory, .notDirectory, .invalid: 400
                }
            self.init(status, "\(refusal)")
        default:
            let failure = ConnectFailure(error)
            self.init(ConnectFailure.statuses[failure.code] ?? 500, failure.message)
        }
    }

    private static func status(_ code: SandboxError.Code) -> Int {
        switch code {
        case .invalidArgument: 400
        case .denied: 401
        case .notFound: 404
        case .alreadyExists, .conflict: 409
        case .limitExceeded: 429
        case .unavailable: 503
        case .unsupported: 501
        case .timeout: 504
        default: 500
        }
    }

    var response: Response { CompatJSON.response(Body(code: status, message: message), status: .init(code: status)) }
}
