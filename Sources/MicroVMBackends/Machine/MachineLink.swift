import GuestClient
import SandboxCore
import SandboxProcess

/// Connecting to the guest of a machine, the first time and later.
struct MachineLink: Sendable {
    let host: MachineHost
    let kind: MonitorKind
    let removal: MachineRemoval

    /// The sandbox over a first channel, with the environment given.
    func sandbox(
        _ reference: SandboxReference, environment: [String: String], channel: GuestChannel, entrance: any MachineEntrance,
        lifeline: OwnedDescriptor? = nil
    ) throws -> MachineSandbox {
        let locator = try MachineLocator(reference)
        let defaults = GuestExecDefaults(
            workspacePath: locator.workspace, environment: EnvironmentFile.base(home: locator.home).merging(environment) { $1 },
            // The guest has given up what it would need for that.
            canSwitchUser: false)
        let core = GuestSandboxCore(defaults: defaults, channel: channel) {
            try await entrance.channel()
        } isAlive: {
            locator.monitor?.isAlive ?? false
        } causeOfDeath: {
            let words = entrance.folder.lastWords()
            return words.isEmpty ? "its machine has ended" : "its machine has ended; its last words: \(words)"
        }
        return MachineSandbox(reference: reference, guest: core, removal: removal, lifeline: lifeline)
    }

    func attach(to reference: SandboxReference) async throws -> MachineSandbox {
        let gone = SandboxError(.notFound, "the sandbox '\(reference.id)' is gone", remedy: "create a new one", backend: kind.backend)
        let folder = MachineFolder(reference.id, in: host.dataDirectory)
        guard let record = folder.read(), record.owner == reference.owner, record.backend == kind.backend,
            reference.backend == kind.backend
        else {
            throw gone
        }
        let locator = try MachineLocator(record)
        guard let monitor = locator.monitor, monitor.isAlive else { throw gone }
        let entrance = kind.entrance(to: folder, keeper: host.keeper)
        let channel: GuestChannel
        do {
            channel = try await entrance.channel()
        } catch {
            if !monitor.isAlive { throw gone }
            throw error
        }
        do {
            var environment: [String: String] = [:]
            if let file = locator.environmentFile {
                let session = GuestSession(channel, defaults: GuestExecDefaults(workspacePath: locator.workspace, environment: [:]))
                environment = try await EnvironmentFile.read(file, of: session.files)
            }
            return try sandbox(record, environment: environment, channel: channel, entrance: entrance)
        } catch {
            channel.close()
            throw error
        }
    }
}
