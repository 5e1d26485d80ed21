import SandboxCore
import SandboxHTTP

/// What a process in the sandbox says, from its start on.
struct E2BProcessStream: Sendable {
    /// The process's number.
    let process: UInt32
    private let frames: ConnectFrames
    private let backend: BackendID

    /// Reads the first message, which is the start.
    static func open(_ answer: HTTPStreamedAnswer, backend: BackendID) async throws -> E2BProcessStream {
        let type = answer.headers["Content-Type"]?.lowercased() ?? ""
        guard type.hasPrefix(ConnectFrames.type) else {
            throw SandboxError(
                .protocolViolation, "the sandbox's daemon answers '\(type.prefix(60))'", remedy: "check its address", backend: backend)
        }
        let frames = ConnectFrames(answer.body)
        guard let event = try await next(frames, backend), let process = event.start?.pid else {
            throw SandboxError(
                .protocolViolation, "the stream of a command does not begin with its start", remedy: "check the service's address",
                backend: backend)
        }
        return E2BProcessStream(process: process, frames: frames, backend: backend)
    }

    /// The next event; nil when there are no more.
    func next() async throws -> E2BMessage.Event.Kind? { try await Self.next(frames, backend) }

    private static func next(_ frames: ConnectFrames, _ backend: BackendID) async throws -> E2BMessage.Event.Kind? {
        switch try await frames.next() {
        case nil: throw ConnectFrames.broken("the stream was cut off")
        case .message(let bytes):
            let event: E2BMessage.Event = try CloudJSON.decode(bytes)
            return event.event
        case .end(let bytes):
            let trailer: E2BMessage.Trailer = try CloudJSON.decode(bytes)
            guard let failure = trailer.error else { return nil }
            throw Self.error(failure, backend)
        }
    }

    private static func error(_ failure: E2BMessage.Trailer.Failure, _ backend: BackendID) -> SandboxError {
        let code: SandboxError.Code =
            switch failure.code {
            case "not_found": .notFound
            case "invalid_argument", "failed_precondition": .invalidArgument
            case "unauthenticated", "permission_denied": .denied
            case "resource_exhausted": .limitExceeded
            case "deadline_exceeded": .timeout
            case "unimplemented": .unsupported
            default: .unavailable
            }
        let words = String((failure.message ?? "").prefix(300).map { $0.isASCII && !$0.isNewline ? $0 : "?" })
        return SandboxError(code, "the sandbox's daemon: \(words)", remedy: "try again, or create a new sandbox", backend: backend)
    }
}
