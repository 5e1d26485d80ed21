import GuestClient
import GuestProtocol
import SandboxCore
import SystemPackage
import Testing

@Suite("Signs of life", .timeLimit(.minutes(10)))
struct KeepaliveTests {

    @Test
    func `a silent guest is pinged while something is awaited and lives when it answers`() async throws {
        let guest = FakeGuest(showsPings: true)
        let session = try await guest.session(GuestChannelOptions(keepaliveInterval: .milliseconds(10), keepaliveTimeout: .seconds(30)))
        let asking = Task { try await session.execs() }
        var list: UInt32?
        var pings = 0
        while pings < 5 || list == nil {
            switch try await guest.next() {
            case (0, .ping(let nonce)):
                pings += 1
                guest.send(.pong(nonce), stream: 0)
            case (let stream, .request(.listExecs)): list = stream
            default: throw FakeGuest.Ended()
            }
        }
        if let list { guest.send(.response(.execs([])), stream: list) }
        #expect(try await asking.value.isEmpty)
        #expect(session.channel.endReason == nil)
    }

    @Test
    func `a guest that does not answer the ping is unavailable`() async throws {
        let guest = FakeGuest(showsPings: true)
        let session = try await guest.session(
            GuestChannelOptions(keepaliveInterval: .milliseconds(10), keepaliveTimeout: .milliseconds(50)))
        #expect(await code { try await session.execs() } == .unavailable)
        #expect(try await session.waitUntilClosed().code == .unavailable)
    }

    @Test
    func `a request without an answer ends at its deadline and the channel goes on`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session(GuestChannelOptions(requestDeadline: .milliseconds(30)))
        let asking = Task { try await session.execs() }
        let late = try await guest.request()
        #expect(await code { try await asking.value } == .timeout)
        guest.send(.response(.execs([])), stream: late)
        // Whoever asks now may be slower than so short a deadline; what counts is that the question still gets out.
        let forgetting = Task { try await session.forget(.random()) }
        guest.send(.response(.done), stream: try await guest.request())
        _ = await forgetting.result
        #expect(session.channel.endReason == nil)
    }

    @Test
    func `a transfer that does not get on ends at its deadline`() async throws {
        let guest = FakeGuest()
        let session = try await guest.session(GuestChannelOptions(requestDeadline: .milliseconds(30)))
        let contents = try await session.files.contents(of: "f", offset: 0, length: nil)
        let stream = try await guest.request()
        guest.send(.chunk([1]), stream: stream)
        #expect(await code { for try await _ in contents {} } == .timeout)
        #expect(try await guest.next() == (stream, .cancel))
    }
}
