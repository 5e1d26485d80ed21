public import SandboxCore
import SystemPackage

/// The one shape in which every failure is told: `{"error": {…}}`.
public struct ErrorBody: Sendable, Codable, Equatable {
    public var error: Failure

    /// Wraps a failure.
    public init(_ error: Failure) { self.error = error }

    /// What went wrong. `code` decides; the rest is for people, except where `file` or `start` carry a typed refusal.
    public struct Failure: Sendable, Codable, Equatable {
        /// A word of `SandboxError.Code`.
        public var code: String
        public var message: String
        public var backend: String?
        public var remedy: String?
        /// The failure beneath, in words.
        public var cause: String?
        /// Names the request in the server's log.
        public var requestId: String?
        /// A refusal of the sandbox's file system.
        public var file: File?
        /// A command that could not be started although the sandbox works.
        public var start: Start?
    }

    /// A `FileRefusal`.
    public struct File: Sendable, Codable, Equatable {
        public var reason: FileRefusal.Reason
        public var path: WirePath
    }

    /// An `ExecStartFailure`.
    public struct Start: Sendable, Codable, Equatable {
        /// The shells' two kinds.
        public enum Reason: String, Sendable, Codable {
            case notFound = "command_not_found"
            case notExecutable = "command_not_executable"
        }
        public var reason: Reason
        /// 127 or 126.
        public var exitStatus: Int32
    }
}

extension ErrorBody.Failure {
    /// Tells any error. What is not one of Sandlot's own types becomes `internal` without its text, which may hold anything.
    public init(_ error: any Error, requestId: String? = nil) {
        switch error {
        case let error as SandboxError:
            self.init(
                code: error.code.rawValue, message: error.message, backend: error.backend?.rawValue, remedy: error.remedy,
                cause: error.cause.map { "\($0)" }, requestId: requestId)
        case let refusal as FileRefusal:
            self.init(
                code: ErrorStatus.code(of: refusal.reason).rawValue, message: refusal.message, requestId: requestId,
                file: ErrorBody.File(reason: refusal.reason, path: WirePath(refusal.path)))
        case let failure as ExecStartFailure:
            let reason: ErrorBody.Start.Reason = failure.reason == .commandNotFound ? .notFound : .notExecutable
            self.init(
                code: SandboxError.Code.invalidArgument.rawValue, message: failure.message, requestId: requestId,
                start: ErrorBody.Start(reason: reason, exitStatus: failure.exitStatus))
        case is CancellationError:
            self.init(code: SandboxError.Code.cancelled.rawValue, message: "the request was cancelled", requestId: requestId)
        default:
            self.init(
                code: SandboxError.Code.internalError.rawValue, message: "a fault of the server",
                remedy: "the server's log says more under this request id", requestId: requestId)
        }
    }

    /// The error that was told, of its own type again.
    public var asError: any Error {
        if let file { return FileRefusal(file.reason, path: file.path.path, message: message) }
        if let start { return ExecStartFailure(start.reason == .notFound ? .commandNotFound : .commandNotExecutable, message) }
        let known = SandboxError.Code.all.first { $0.rawValue == code } ?? .internalError
        return SandboxError(
            known, message, remedy: remedy, backend: backend.flatMap { try? BackendID(validating: $0) },
            cause: cause.map(RemoteCause.init(text:)))
    }
}

/// The cause of an error that happened elsewhere: its words are all that is left of it.
public struct RemoteCause: Error, Sendable, Equatable, CustomStringConvertible {
    public var text: String
    /// Wraps the words.
    public init(text: String) { self.text = text }
    /// The words.
    public var description: String { text }
}
