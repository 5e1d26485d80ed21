public import Logging
import SandboxAPI
import SandboxCore
public import SandboxHTTP

/// A client of a Sandlot server: typed calls, and streams that go on by themselves when a connection breaks.
public final class SandlotClient: Sendable {
    /// Whom it speaks to.
    public let endpoint: HTTPEndpoint
    let patience: Patience
    private let calls: HTTPAPIClient
    /// Its reads end when nothing comes, not even a sign of life.
    private let streams: HTTPAPIClient
    private let token: AccessTokenSource

    /// How long a client waits, and how often it tries again.
    public struct Patience: Sendable {
        /// For an answer to a call.
        public var answer: Duration
        /// For calls that last as long as what they do: preparing a sandbox, closing one, moving large files.
        public var work: Duration
        /// For the next sign of life on a stream; longer than the server's.
        public var silence: Duration
        /// How often a broken stream is taken up again before it counts as lost.
        public var attempts: Int
        /// Before the second attempt; doubled before each following one.
        public var pause: Duration

        /// Creates a measure.
        public init(
            answer: Duration = .seconds(60), work: Duration = .seconds(3600), silence: Duration = .seconds(60), attempts: Int = 6,
            pause: Duration = .milliseconds(100)
        ) {
            self.answer = answer
            self.work = work
            self.silence = silence
            self.attempts = attempts
            self.pause = pause
        }
    }

    /// Prepares a client; nothing is connected.
    public init(_ endpoint: HTTPEndpoint, token: AccessTokenSource, patience: Patience = Patience(), logger: Logger) throws {
        self.endpoint = endpoint
        self.token = token
        self.patience = patience
        calls = try HTTPAPIClient(endpoint, logger: logger)
        streams = try HTTPAPIClient(endpoint, logger: logger, silence: patience.silence)
    }

    /// The server's address as text, such as `http://127.0.0.1:7263`.
    public convenience init(_ address: String, token: AccessTokenSource, patience: Patience = Patience(), logger: Logger) throws {
        try self.init(HTTPEndpoint(parsing: address, defaultPort: 7263), token: token, patience: patience, logger: logger)
    }

    // MARK: - Calls

    /// Sends a call; anything but success throws what the server said, as its own type.
    func send(_ call: APICall) async throws -> HTTPAnswer {
        let answer = try await calls.send(call.http(token: token.token(), patience), limit: Self.answerLimit)
        guard answer.isSuccess else { throw await failure(answer.status, answer.body, of: call) }
        return answer
    }

    /// Sends a call whose answer is JSON.
    func send<Value: Decodable>(_ call: APICall, as type: Value.Type = Value.self) async throws -> Value {
        try APICoding.decode(type, from: try await send(call).body)
    }

    /// Opens a stream that has signs of life. It is closed by letting go of it.
    func open(_ call: APICall) async throws -> HTTPStreamedAnswer { try await open(call, with: streams) }

    /// Opens a stream of bytes, which may be silent while nobody reads.
    func download(_ call: APICall) async throws -> HTTPStreamedAnswer { try await open(call, with: calls) }

    private func open(_ call: APICall, with client: HTTPAPIClient) async throws -> HTTPStreamedAnswer {
        let answer = try await client.open(call.http(token: token.token(), patience))
        guard answer.isSuccess else {
            var body: [UInt8] = []
            for try await piece in answer.body where body.count < Self.failureLimit { body += piece }
            throw await failure(answer.status, body, of: call)
        }
        return answer
    }

    /// Bytes of a collected answer: the largest is the output of a command that was waited for.
    private static let answerLimit = 32 << 20
    private static let failureLimit = 1 << 20

    /// What the server said. A closed session refuses with `conflict`, as one does that is only busy: to those who use its sandbox it is gone.
    private func failure(_ status: Int, _ body: [UInt8], of call: APICall) async -> any Error {
        guard let told = try? APICoding.decode(ErrorBody.self, from: body) else {
            return SandboxError(
                .protocolViolation, "the server answered with status \(status) and no reason",
                remedy: "see whether there is a Sandlot server at this address")
        }
        let error = told.error.asError
        guard let refusal = error as? SandboxError, refusal.code == .conflict, let id = call.session,
            let record = try? await session(id).record(), record.closedAt != nil
        else { return error }
        return gone(id, cause: refusal)
    }

    /// That a session has no sandbox any more.
    func gone(_ session: String, cause: SandboxError? = nil) -> SandboxError {
        SandboxError(.notFound, "session \(session) at \(endpoint) is closed", remedy: "open another one", cause: cause)
    }
}
