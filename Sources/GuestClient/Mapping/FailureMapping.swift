import GuestProtocol
import SandboxCore
import SystemPackage

extension ProtocolViolation {
    /// The error of a channel that was closed because of it.
    var sandboxError: SandboxError {
        switch self {
        case .versionMismatch(let ours, let theirs):
            SandboxError(
                .protocolViolation, "the guest speaks version \(theirs) of the protocol; this Sandlot speaks up to \(ours)",
                remedy: "use the sandlot-guest of the same release")
        default:
            SandboxError(
                .protocolViolation, "the guest broke the protocol; the channel was closed",
                remedy: "treat the sandbox as compromised or replace its sandlot-guest", cause: self)
        }
    }
}

extension GuestFailure {
    /// The guest's words, cut and without control characters: they end up in terminals and logs.
    var safeMessage: String {
        String(String.UnicodeScalarView(message.unicodeScalars.prefix(512).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    /// The error of an exec request.
    func execError(_ exec: String) -> any Error {
        let text = "exec \(exec): \(safeMessage)"
        switch code {
        case .commandNotFound: return ExecStartFailure(.commandNotFound, safeMessage)
        case .commandNotExecutable: return ExecStartFailure(.commandNotExecutable, safeMessage)
        case .superseded:
            return SandboxError(.conflict, "exec \(exec): another reader took over its output", remedy: "attach again to take it back")
        default: return SandboxError(plainCode, text, cause: self)
        }
    }

    /// The error of a file request about `path`.
    func fileError(_ asked: FilePath) -> any Error {
        let named = path.isEmpty ? asked : (FilePath(guestBytes: path) ?? asked)
        guard let reason = refusal else { return SandboxError(plainCode, "\(safeMessage): \(named)", cause: self) }
        return FileRefusal(reason, path: named, message: safeMessage)
    }

    private var refusal: FileRefusal.Reason? {
        switch code {
        case .invalidArgument: .invalid
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .denied: .permissionDenied
        case .isDirectory: .isDirectory
        case .notDirectory: .notDirectory
        case .notEmpty: .notEmpty
        case .limitExceeded: .tooLarge
        case .noSpace: .noSpace
        case .unsupported, .commandNotFound, .commandNotExecutable, .internalError, .superseded: nil
        }
    }

    private var plainCode: SandboxError.Code {
        switch code {
        case .invalidArgument, .isDirectory, .notDirectory, .notEmpty: .invalidArgument
        case .notFound, .commandNotFound: .notFound
        case .alreadyExists: .alreadyExists
        case .denied, .commandNotExecutable: .denied
        case .limitExceeded, .noSpace: .limitExceeded
        case .unsupported: .unsupported
        case .internalError: .internalError
        case .superseded: .conflict
        }
    }
}
