public import SandboxCore

/// The one table from what went wrong to an HTTP status.
public enum ErrorStatus {
    private static let table: [SandboxError.Code: Int] = [
        .invalidArgument: 400, .notFound: 404, .alreadyExists: 409, .unavailable: 503, .unsupported: 422, .denied: 403, .timeout: 504,
        .cancelled: 499, .limitExceeded: 429, .conflict: 409, .protocolViolation: 502, .internalError: 500,
    ]

    /// The status of a code.
    public static func of(_ code: SandboxError.Code) -> Int { table[code] ?? 500 }

    /// The status of any error that `ErrorBody` tells.
    public static func of(_ error: any Error) -> Int {
        switch error {
        case let error as SandboxError: of(error.code)
        case let refusal as FileRefusal: of(refusal.reason)
        case is ExecStartFailure: of(.invalidArgument)
        case is CancellationError: of(.cancelled)
        default: 500
        }
    }

    /// Two refusals are about a size, not about how often: they have statuses of their own.
    static func of(_ reason: FileRefusal.Reason) -> Int {
        switch reason {
        case .tooLarge: 413
        case .noSpace: 507
        default: of(code(of: reason))
        }
    }

    static func code(of reason: FileRefusal.Reason) -> SandboxError.Code {
        switch reason {
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .permissionDenied: .denied
        case .isDirectory, .notDirectory, .notEmpty: .conflict
        case .tooLarge, .noSpace: .limitExceeded
        case .invalid: .invalidArgument
        }
    }
}
