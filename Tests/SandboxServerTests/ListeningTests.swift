import HummingbirdTesting
import Logging
import SandboxCore
import Testing

@testable import SandboxServer

@Suite("Where the server listens", .timeLimit(.minutes(1)))
struct ListeningTests {
    @Test("a port that somebody has, and an address that is another machine's, are told as that")
    func refusals() async throws {
        try await ServerFixture.run { server in
            let taken = try #require(server.client.port)
            for (host, port, code) in [("127.0.0.1", taken, SandboxError.Code.conflict), ("192.0.2.1", 0, .invalidArgument)] {
                var options = ServerOptions(host: host, port: port, version: "test")
                options.allowsClearText = true
                let second = SandlotServer(engine: server.engine, options: options, access: KnownTokens(), logger: .init(label: "test"))
                let error = await #expect(throws: SandboxError.self) { try await second.run() }
                #expect(error?.code == code, "\(error.map { "\($0)" } ?? "no error")")
                #expect(error?.message.contains(options.host) == true)
                #expect(error?.remedy != nil)
            }
        }
    }
}
