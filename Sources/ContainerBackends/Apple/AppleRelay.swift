import Glibc
import GuestClient
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage

/// Carries a channel into a container: a process of the `container` command that runs a relay there.
///
/// The guest lives on without it. Whoever comes later, this Sandlot or another one, starts a new one.
final class AppleRelays: Sendable {
    private struct State {
        var next: UInt64 = 0
        var watches: [UInt64: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// A virtual machine takes its time to start a process.
    private static let opening = Duration.seconds(30)
    /// For a process whose channel has ended, before it is killed.
    private static let grace = Duration.seconds(5)
    private static let errorLimit = 64 << 10

    deinit { for watch in state.withLock({ $0.watches }).values { watch.cancel() } }

    /// Opens a channel to the guest of a container.
    func connect(_ command: AppleCommand, to name: String) async throws -> GuestChannel {
        let relay = try await Started(command, name, socket: ApplePlan.Place.socket)
        do {
            let options = GuestChannelOptions(handshakeDeadline: Self.opening)
            // Copies, for the channel closes what it is given.
            let input = fcntl(relay.output.raw, F_DUPFD_CLOEXEC, 3)
            let output = fcntl(relay.input.raw, F_DUPFD_CLOEXEC, 3)
            relay.output.close()
            relay.input.close()
            let channel = try await GuestChannel.adopt(reading: input, writing: output, options: options)
            watch(relay.process, until: channel)
            return channel
        } catch {
            throw await relay.failure(beneath: error)
        }
    }

    /// Connects to the socket whose first connection the guest does not outlive. The result is what holds it.
    func lifeline(_ command: AppleCommand, to name: String) async throws -> OwnedDescriptor {
        let relay = try await Started(command, name, socket: ApplePlan.Place.lifeline)
        do {
            // The guest says one byte, so that we know that it holds the connection.
            try await withDeadline(Self.opening, for: "the guest of \(name)") { [keeper = command.host.keeper] in
                try await keeper.waitUntilReadable(relay.output)
            }
            guard try relay.output.readAvailable(limit: 1)?.count == 1 else {
                throw SandboxError(.unavailable, "the guest of \(name) did not answer", backend: AppleContainerBackend.id)
            }
            return relay.input
        } catch {
            throw await relay.failure(beneath: error)
        }
    }

    /// The process ends with the channel by itself; one that hangs is ended.
    private func watch(_ process: HostProcess, until channel: GuestChannel) {
        let token = state.withLock { state in
            state.next += 1
            return state.next
        }
        let task = Task { [weak self] in
            _ = try? await channel.waitUntilClosed()
            do {
                _ = try await withDeadline(Self.grace, for: "the relay's end") { try await process.wait() }
            } catch {
                try? process.signal(SIGKILL)
            }
            _ = self?.state.withLock { $0.watches.removeValue(forKey: token) }
        }
        state.withLock { state in
            // A channel that ended at once has been looked after already.
            if process.ending == nil { state.watches[token] = task }
        }
    }

    /// A relay's process with our ends of its streams.
    private struct Started {
        let process: HostProcess
        let input: OwnedDescriptor
        let output: OwnedDescriptor
        private let errors: OwnedDescriptor
        private let name: String

        init(_ command: AppleCommand, _ name: String, socket: FilePath) async throws {
            // Two pipes, not one socket: the command makes its input non-blocking, which on a shared file would cut its output short.
            let forth = try Descriptors.blockingPipe()
            let back = try Descriptors.pipe()
            errors = try Descriptors.boundedMemory(limit: AppleRelays.errorLimit)
            var request = command.relayRequest(name, socket: socket)
            request.descriptors = [0: forth.reading, 1: back.writing, 2: errors]
            process = try await command.host.keeper.spawn(request)
            forth.reading.close()
            back.writing.close()
            input = forth.writing
            output = back.reading
            self.name = name
        }

        /// What the command said about it, when it said something.
        func failure(beneath error: any Error) async -> any Error {
            input.close()
            output.close()
            if error is CancellationError { return error }
            let ending = try? await withDeadline(.seconds(2), for: "the relay's end") { [process] in try await process.wait() }
            if ending == nil { try? process.signal(SIGKILL) }
            guard let ending, ending != .exited(0), let words = try? Descriptors.written(to: errors), !words.isEmpty else { return error }
            return AppleFailure.error("reaching the guest of \(name)", ending: ending, words: String(decoding: words, as: UTF8.self))
        }
    }
}
