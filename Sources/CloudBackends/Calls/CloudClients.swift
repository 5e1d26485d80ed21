import Logging
import SandboxCore
import SandboxHTTP
import Synchronization

/// One HTTP client for each address, so that sandboxes behind the same one share its connections.
final class CloudClients: Sendable {
    /// Services send a sign of life much more often where a stream is silent.
    private static let silence = Duration.seconds(120)

    private struct Held {
        weak var client: HTTPAPIClient?
    }

    private let logger: Logger
    private let clients = Mutex<[HTTPEndpoint: Held]>([:])

    init(logger: Logger) { self.logger = logger }

    func client(of address: CloudAddress) throws -> HTTPAPIClient {
        try clients.withLock { clients in
            if let known = clients[address.endpoint]?.client { return known }
            clients = clients.filter { $0.value.client != nil }
            let fresh = try HTTPAPIClient(address.endpoint, logger: logger, connectDeadline: .seconds(10), silence: Self.silence)
            clients[address.endpoint] = Held(client: fresh)
            return fresh
        }
    }
}
