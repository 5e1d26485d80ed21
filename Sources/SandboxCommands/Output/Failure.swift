import SandboxCore

/// What went wrong, as it is told on standard error and in an exit status. This is the only table of exit statuses:
///
/// | status | meaning |
/// |---|---|
/// | 0–255 | the command's own |
/// | 124 | the command ran into its time limit |
/// | 125 | Sandlot failed, or was called with something it does not understand |
/// | 126, 127 | the command cannot be executed, does not exist |
/// | 128 + n | the command was killed by signal n |
struct Failure: Error {
    var status: Int32
    var message: String
    var remedy: String?
    var code: String

    init(_ error: any Error) {
        switch error {
        case let known as Failure:
            self = known
        case let error as SandboxError:
            let origin = error.backend.map { "\($0): " } ?? ""
            let cause = error.cause.map { " (\($0))" } ?? ""
            self.init(
                status: ExitStatus.sandlotFailed, message: origin + error.message + cause, remedy: error.remedy, code: error.code.rawValue)
        case let error as ExecStartFailure:
            self.init(
                status: error.exitStatus, message: error.message,
                code: error.reason == .commandNotFound ? "command_not_found" : "command_not_executable")
        case let error as FileRefusal:
            self.init(status: ExitStatus.sandlotFailed, message: error.description, code: error.reason.rawValue)
        case is CancellationError:
            self.init(
                status: ExitStatus.signalBase + ExecSignal.interrupt.number, message: "interrupted",
                code: SandboxError.Code.cancelled.rawValue)
        default:
            self.init(status: ExitStatus.sandlotFailed, message: "\(error)", code: SandboxError.Code.internalError.rawValue)
        }
    }

    /// With the program's name, which the sandbox's answer leaves out.
    init(_ failure: ExecStartFailure, of request: ExecRequest) {
        self.init(failure)
        message = "\(request.arguments.first ?? ""): \(failure.message)"
        remedy =
            failure.reason == .commandNotFound
            ? "only what the sandbox holds can be run: its image, its system directories, its workspace" : nil
    }

    init(status: Int32, message: String, remedy: String? = nil, code: String) {
        self.status = status
        self.message = message
        self.remedy = remedy
        self.code = code
    }

    /// Two lines for people.
    func text(_ style: Style) -> String {
        var text = style.bad("sandlot:") + " " + Table.harmless(message) + "\n"
        if let remedy { text += "  " + style.strong("try:") + " " + Table.harmless(remedy) + "\n" }
        return text
    }

    /// One object for scripts.
    var json: JSONValue {
        ["error": ["code": .string(code), "message": .string(message), "remedy": .text(remedy), "status": .whole(status)]]
    }
}
