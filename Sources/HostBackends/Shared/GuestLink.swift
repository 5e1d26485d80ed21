import GuestClient
import SandboxCore
import SandboxProcess
import SystemPackage

/// Connecting to the guest of a local sandbox, the first time and later.
struct GuestLink: Sendable {
    let host: HostEnvironment
    let backend: BackendID
    let removal: SandboxRemoval

    /// The sandbox over a first channel, with the environment given.
    func sandbox(_ reference: SandboxReference, environment: [String: String], channel: GuestChannel) throws -> HostSandbox {
        let locator = try Locator(reference)
        let socket = SandboxFolder(reference.id, in: host.dataDirectory).socket
        let base = EnvironmentFile.base(home: locator.home).merging(locator.variables) { $1 }
        let defaults = GuestExecDefaults(
            workspacePath: locator.workspace, environment: base.merging(environment) { $1 }, canSwitchUser: false)
        let core = GuestSandboxCore(defaults: defaults, channel: channel) {
            try await GuestChannel.connect(unixSocket: socket)
        } isAlive: {
            locator.guest?.isAlive ?? false
        } causeOfDeath: {
            guard let kills = locator.group?.memoryKills(), kills > 0 else { return nil }
            return "its processes have ended, and the kernel had killed \(kills) of them for want of memory"
        }
        return HostSandbox(reference: reference, guest: core, removal: removal)
    }

    func attach(to reference: SandboxReference) async throws -> HostSandbox {
        let folder = SandboxFolder(reference.id, in: host.dataDirectory)
        let gone = SandboxError(.notFound, "the sandbox '\(reference.id)' is gone", remedy: "create a new one", backend: backend)
        guard let record = try folder.read(), record.reference.owner == reference.owner, record.reference.backend == backend,
            record.state == .made
        else { throw gone }
        let locator = try Locator(record.reference)
        guard let guest = locator.guest, guest.isAlive else { throw gone }
        let channel: GuestChannel
        do {
            channel = try await GuestChannel.connect(unixSocket: folder.socket)
        } catch {
            if !guest.isAlive { throw gone }
            throw error
        }
        do {
            var environment: [String: String] = [:]
            if let file = locator.environmentFile {
                let session = GuestSession(channel, defaults: GuestExecDefaults(workspacePath: locator.workspace, environment: [:]))
                environment = try await EnvironmentFile.read(file, of: session.files)
            }
            return try sandbox(record.reference, environment: environment, channel: channel)
        } catch {
            channel.close()
            throw error
        }
    }
}
