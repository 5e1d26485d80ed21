import Foundation
import GuestClient
import SandboxCore
import SystemPackage

/// Connecting to the guest of a sandbox at a service, the first time and later.
struct CloudLink: Sendable {
    let backend: CloudBackend
    let reference: SandboxReference
    let place: GuestPlace
    let door: any CloudDoor

    private static let options = GuestChannelOptions(
        handshakeDeadline: .seconds(30), keepaliveInterval: .seconds(30), keepaliveTimeout: .seconds(60), pingsWhenIdle: true)

    /// A new channel, by a relay of its own.
    func channel() async throws -> GuestChannel {
        let carrier = try await door.relay(place.relayCommand(isText: door.carriesText))
        return try await GuestChannel.open(over: carrier, options: Self.options)
    }

    /// The sandbox of a process that did not make it.
    func attached(_ channel: GuestChannel, machine: CloudMachine) async throws -> CloudSandbox {
        guard let file = reference.locator["environment"] else { throw backend.gone(reference) }
        let session = GuestSession(channel, defaults: GuestExecDefaults(workspacePath: place.workspace, environment: [:]))
        let environment = try await EnvironmentFile.read(FilePath(file), of: session.files)
        // Where the service does not tell, it counts from our coming in.
        let end = machine.endsAt ?? Date().addingTimeInterval(Double(backend.life(of: reference).components.seconds))
        return try sandbox(environment, channel: channel, end: end)
    }

    /// The sandbox over a first channel. `environment` is the image's and the sandbox's own.
    func sandbox(_ environment: [String: String], channel: GuestChannel, end: Date?) throws -> CloudSandbox {
        guard let home = reference.locator["home"], let daemon = reference.locator["daemon"] else { throw backend.gone(reference) }
        let base = EnvironmentFile.base(home: FilePath(home)).merging(environment) { $1 }
        let defaults = GuestExecDefaults(workspacePath: place.workspace, environment: base, canSwitchUser: false)
        let core = GuestSandboxCore(
            defaults: defaults, channel: channel, reconnection: GuestReconnection(firstPause: .milliseconds(200), deadline: .seconds(90)),
            connect: { try await self.channel(again: daemon) },
            isAlive: { await self.isAlive() }, causeOfDeath: { await self.causeOfDeath() })
        let life = backend.life(of: reference)
        let keeper = LifeKeeper(life: life, end: end, logger: backend.host.logger) { [backend, reference] in
            guard let machine = reference.locator["machine"] else { throw backend.gone(reference) }
            return try await backend.service.extend(machine, life: life)
        }
        return CloudSandbox(reference: reference, guest: core, keeper: keeper, backend: backend)
    }

    private func channel(again daemon: String) async throws -> GuestChannel {
        // A relay to a guest that has ended would wait for it to start.
        if let ending = try await door.ending(of: daemon) {
            throw SandboxError(
                .unavailable, "the guest of sandbox '\(reference.id)' has ended: \(ending.words)", remedy: "make a new sandbox",
                backend: backend.descriptor.id)
        }
        return try await channel()
    }

    /// A service that does not answer says nothing about the sandbox: then the connection decides.
    private func isAlive() async -> Bool {
        do {
            guard let machine = try await backend.own(reference), machine.isRunning else { return false }
            guard let daemon = reference.locator["daemon"] else { return false }
            return try await door.ending(of: daemon) == nil
        } catch let error as SandboxError where error.code == .notFound {
            return false
        } catch {
            return true
        }
    }

    private func causeOfDeath() async -> String? {
        guard let machine = try? await backend.own(reference) else {
            return "its service has it no more: it was ended, or its time was over"
        }
        return machine.isRunning ? "its guest has ended" : "its service has stopped it"
    }
}
