import SandboxCore
import SandboxHTTP
import Synchronization

/// Calls to one address of a service: with its key, with deadlines, and repeated only where that is right.
struct CloudCalls: Sendable {
    /// When a call may be sent again.
    enum Repeating {
        /// Twice has the effect of once.
        case always
        /// Only after an answer which says that nothing was done.
        case onlyWhenRefused
    }

    let backend: BackendID
    let client: HTTPAPIClient
    let prefix: String
    /// Of each call. The values never appear in an error.
    let headers: @Sendable () async throws -> [(name: String, value: String)]
    var patience = CloudPatience()
    /// The service's own name for an answer's error, where the status alone does not say it.
    var explains: @Sendable (CloudRefusal) -> SandboxError? = { _ in nil }

    /// Sends a call; what is not a success throws.
    func send(_ call: HTTPCall, _ repeating: Repeating, limit: Int = 8 << 20) async throws -> HTTPAnswer {
        try await attempt(call, repeating) { call, _ in
            let answer = try await client.send(call, limit: limit)
            return (answer, CloudRefusal(answer))
        }
    }

    /// Sends a call whose answer goes on for as long as it likes.
    func open(_ call: HTTPCall, _ repeating: Repeating) async throws -> HTTPStreamedAnswer {
        try await attempt(call, repeating) { call, deadline in
            let answer = try await client.open(call)
            if answer.isSuccess { return (answer, nil) }
            let body = try? await Self.beginning(of: answer.body, within: deadline)
            return (answer, CloudRefusal(HTTPAnswer(status: answer.status, headers: answer.headers, body: body ?? [])))
        }
    }

    /// Hears a WebSocket. Opening it twice changes nothing.
    func socket(_ call: HTTPCall) async throws -> WebSocketMessages {
        try await attempt(call, .always) { call, _ in
            let refused = Mutex<CloudRefusal?>(nil)
            do {
                let messages = try await client.webSocket(call) { answer in
                    // An answer that is no upgrade is a refusal, whatever its status.
                    refused.withLock { $0 = CloudRefusal(answer) }
                    return SandboxError(
                        .protocolViolation, "\(call.path): the service opens no WebSocket", remedy: "check its address", backend: backend)
                }
                return (messages, nil)
            } catch {
                guard let refusal = refused.withLock({ $0 }) else { throw error }
                return (nil, refusal)
            }
        }
    }

    private func attempt<R: Sendable>(
        _ call: HTTPCall, _ repeating: Repeating, _ work: @Sendable (HTTPCall, Duration) async throws -> (R?, CloudRefusal?)
    ) async throws -> R {
        var call = call
        call.path = prefix + call.path
        let secrets = try await headers()
        call.headers += secrets
        var budget = CloudPatience.Budget(patience)
        while true {
            let pause: Duration
            do {
                let (result, refusal) = try await work(call, call.deadline)
                if let result, refusal == nil { return result }
                guard let refusal else { throw SandboxError(.internalError, "\(call.path): neither an answer nor a refusal") }
                let told = explains(refusal)
                let failure = told ?? refusal.error(doing: "\(call.verb.rawValue) \(call.path)", backend: backend)
                // What the service knows to be gone does not come back, whatever status says so.
                let mayRepeat = told?.code != .notFound && (refusal.didNothing || (repeating == .always && refusal.mayPass))
                guard mayRepeat, let wait = budget.pause(asked: refusal.retryAfter) else { throw failure.without(secrets, backend) }
                pause = wait
            } catch let error as SandboxError where [.unavailable, .timeout].contains(error.code) && error.backend == nil {
                // No whole answer came, so nobody knows whether it was done.
                guard repeating == .always, let wait = budget.pause(asked: nil) else { throw error.without(secrets, backend) }
                pause = wait
            }
            try await Task.sleep(for: pause)
        }
    }

    private static func beginning(of body: SandboxStream<[UInt8]>, within limit: Duration) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                for try await piece in body {
                    bytes += piece.prefix(CloudRefusal.largestBody - bytes.count)
                    if bytes.count >= CloudRefusal.largestBody { break }
                }
                return bytes
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return []
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }
}
