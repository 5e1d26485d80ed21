import GuestClient
import GuestProtocol
import SandboxCore
import Synchronization

/// A sandbox whose guests are played by a test: each connection gets the next one.
final class FakeSandbox: Sendable {
    private struct State {
        var waiting: [FakeGuest] = []
        var connections = 0
        var isAlive = true
    }

    private let state = Mutex(State())

    /// Adds the guest that the next connection meets.
    func prepare() -> FakeGuest {
        let guest = FakeGuest()
        state.withLock { $0.waiting.append(guest) }
        return guest
    }

    func die() { state.withLock { $0.isAlive = false } }

    var connections: Int { state.withLock { $0.connections } }

    /// The operations under test.
    func core(_ options: GuestChannelOptions = GuestChannelOptions()) -> GuestSandboxCore {
        GuestSandboxCore(
            defaults: FakeGuest.defaults, reconnection: GuestReconnection(attempts: 3, firstPause: .milliseconds(1))
        ) { [self] in
            let guest = state.withLock { state -> FakeGuest? in
                state.connections += 1
                return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            }
            guard let guest else { throw SandboxError(.unavailable, "nobody listens") }
            return try await guest.channel(options)
        } isAlive: { [self] in
            state.withLock { $0.isAlive }
        }
    }
}
