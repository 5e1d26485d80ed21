import GuestProtocol
import NIOCore
import SandboxCore

/// One question, one answer, one deadline.
final class PlainRequest: Conversation {
    private let line: Line
    private let deadline: NIODeadline
    private let answer = Answer<Result<GuestResponse, GuestFailure>>()

    private init(_ line: Line, deadline: NIODeadline) {
        self.line = line
        self.deadline = deadline
    }

    /// Sends a request without waiting for its answer.
    @discardableResult
    static func send(_ request: GuestRequest, over link: FrameLink, within limit: Duration? = nil) throws -> PlainRequest {
        let deadline = NIODeadline.now() + .nanoseconds((limit ?? link.options.requestDeadline).wholeNanoseconds)
        let conversation = try link.open(request) { PlainRequest($0, deadline: deadline) }
        link.arm(deadline)
        return conversation
    }

    /// Sends a request and waits for its answer; a refusal is thrown as the guest said it.
    static func ask(_ request: GuestRequest, over link: FrameLink, within limit: Duration? = nil) async throws -> GuestResponse {
        try await send(request, over: link, within: limit).response()
    }

    /// Waits for the answer.
    func response() async throws -> GuestResponse {
        do {
            return try await answer.value().get()
        } catch let error as CancellationError {
            line.abandon(budget: Frame.maximumPayload)
            throw error
        }
    }

    func receive(_ message: GuestMessage) throws(ProtocolViolation) -> Bool {
        switch message {
        case .response(let response): answer.settle(.success(.success(response)))
        case .failure(let failure): answer.settle(.success(.failure(failure)))
        default: throw .unexpected("something else than an answer to a plain request")
        }
        return true
    }

    func fail(_ reason: SandboxError) { answer.settle(.failure(reason)) }

    func expire(at now: NIODeadline) -> NIODeadline? {
        guard deadline <= now else { return deadline }
        line.abandon(budget: Frame.maximumPayload)
        answer.settle(.failure(SandboxError(.timeout, "the guest did not answer in time", remedy: "see whether the sandbox is overloaded")))
        return nil
    }
}

extension GuestResponse {
    /// Throws what closes the channel unless this is `done`.
    func expectDone(_ link: FrameLink) throws { guard self == .done else { throw link.mismatch("done") } }
}

extension FrameLink {
    /// Closes the channel because an answer is not of the kind that was asked for.
    func mismatch(_ wanted: String) -> SandboxError {
        let violation = ProtocolViolation.unexpected("another answer than '\(wanted)'")
        violated(violation)
        return violation.sandboxError
    }
}
