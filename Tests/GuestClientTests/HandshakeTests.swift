import GuestClient
import GuestProtocol
import SandboxCore
import Testing

@Suite("The handshake", .timeLimit(.minutes(10)))
struct HandshakeTests {
    @Test
    func `the channel knows what the guest said of itself`() async throws {
        let guest = FakeGuest()
        let channel = try await guest.channel()
        #expect(channel.hello == FakeGuest.hello)
        #expect(channel.endReason == nil)
    }

    @Test
    func `a guest of another version is refused`() async throws {
        let guest = FakeGuest()
        var hello = FakeGuest.hello
        hello.version = 99
        guest.send(.hello(hello), stream: 0)
        #expect(await code { try await guest.silentChannel() } == .protocolViolation)
    }

    @Test
    func `a guest that refuses our versions is refused`() async throws {
        let guest = FakeGuest()
        guest.send(.failure(GuestFailure(.unsupported, message: "too new")), stream: 0)
        #expect(await code { try await guest.silentChannel() } == .protocolViolation)
    }

    @Test
    func `a guest that says nothing is given up at the deadline`() async throws {
        let guest = FakeGuest()
        #expect(await code { try await guest.silentChannel(GuestChannelOptions(handshakeDeadline: .milliseconds(30))) } == .timeout)
    }

    @Test
    func `the deadline of the handshake does not outlive the handshake`() async throws {
        let guest = FakeGuest()
        // The fake guest says hello before it is greeted.
        let channel = try await guest.channel(GuestChannelOptions(handshakeDeadline: .seconds(1), keepaliveInterval: .milliseconds(20)))
        let session = GuestSession(channel, defaults: FakeGuest.defaults)
        let asking = Task { try await session.execs() }
        let stream = try await guest.request()
        try await Task.sleep(for: .milliseconds(1500))
        guest.send(.response(.execs([])), stream: stream)
        #expect(try await asking.value.isEmpty)
    }

    @Test
    func `a guest that hangs up is unavailable`() async throws {
        let guest = FakeGuest()
        guest.hangUp()
        #expect(await code { try await guest.silentChannel() } == .unavailable)
    }

    @Test
    func `something that is no guest is refused`() async throws {
        let guest = FakeGuest()
        guest.send(raw: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        #expect(await code { try await guest.silentChannel() } == .protocolViolation)
    }

    @Test
    func `cancelling the caller ends the wait`() async throws {
        let guest = FakeGuest()
        let connecting = Task { try await guest.silentChannel() }
        _ = try await guest.next()
        connecting.cancel()
        await #expect(throws: CancellationError.self) { try await connecting.value }
    }

    @Test
    func `the end of a channel is told to whoever waits for it`() async throws {
        let guest = FakeGuest()
        let channel = try await guest.channel()
        async let reason = channel.waitUntilClosed()
        guest.hangUp()
        #expect(try await reason.code == .unavailable)
        #expect(channel.endReason?.code == .unavailable)
    }
}
