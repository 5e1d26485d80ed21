import GuestClient
import Logging
import SandboxCore
import SystemPackage

/// A sandbox in a virtual machine of its own: the guest does everything, the backend only knows how to end it.
struct AppleSandbox: GuestBackedSandbox {
    let reference: SandboxReference
    let guest: GuestSandboxCore
    let link: AppleLink

    func destroy() async throws {
        guest.close()
        try await link.remove(reference)
    }
}

/// Connecting to the guest of a container, the first time and later, and ending it.
struct AppleLink: Sendable {
    let settings: AppleSettings
    let host: HostFacts
    let relays: AppleRelays
    let lifelines: Lifelines

    func command() throws -> AppleCommand { try AppleCommand.find(settings, host) }

    func connect(_ reference: SandboxReference, to container: AppleMessage.Container, environment: [String: String]?) async throws
        -> AppleSandbox
    {
        let name = container.configuration.id
        guard let workspace = reference.locator["workspace"], let home = reference.locator["home"] else {
            throw SandboxError(.invalidArgument, "the reference of sandbox \(reference.id) does not say where its workspace is")
        }
        let command = try command()
        let relays = relays
        let channel = try await relays.connect(command, to: name)
        do {
            var own = environment ?? [:]
            if environment == nil, let file = reference.locator["environment"] {
                let session = GuestSession(channel, defaults: GuestExecDefaults(workspacePath: FilePath(workspace), environment: [:]))
                own = try await EnvironmentFile.read(FilePath(file), of: session.files)
            }
            let image = EnvironmentText.pairs(container.configuration.initProcess?.environment ?? [])
            let base = EnvironmentFile.base(home: FilePath(home)).merging(image) { $1 }
            let defaults = GuestExecDefaults(
                workspacePath: FilePath(workspace), environment: base.merging(["HOME": home]) { $1 }.merging(own) { $1 },
                // The guest has given up what it would need for that.
                canSwitchUser: false)
            let core = GuestSandboxCore(defaults: defaults, channel: channel) {
                try await relays.connect(command, to: name)
            } isAlive: {
                // A service that does not answer says nothing about the sandbox.
                guard let found = try? await command.list() else { return true }
                return found.contains { $0.configuration.id == name && $0.isRunning }
            }
            return AppleSandbox(reference: reference, guest: core, link: self)
        } catch {
            channel.close()
            throw error
        }
    }

    func attach(to reference: SandboxReference) async throws -> AppleSandbox {
        let backend = AppleContainerBackend.id
        let gone = SandboxError(.notFound, "the sandbox '\(reference.id)' is gone", remedy: "create a new one", backend: backend)
        guard reference.backend == backend, let name = reference.locator["container"] else { throw gone }
        guard let found = try await command().container(name), found.isRunning else { throw gone }
        let wanted = ContainerLabels.identifying(reference.id, owner: reference.owner, backend: backend)
        guard wanted.allSatisfy({ found.configuration.labels?[$0.key] == $0.value }) else { throw gone }
        return try await connect(reference, to: found, environment: nil)
    }

    /// Goes by labels, never by a name or a remembered id.
    func remove(_ reference: SandboxReference) async throws {
        let command = try command()
        let folder = ContainerFolder(reference.id, in: host.dataDirectory)
        if let record = folder.read(), record.owner != reference.owner || record.backend != AppleContainerBackend.id {
            throw foreign(reference, record.owner)
        }
        for container in try await command.list() {
            guard let theirs = Self.reference(container), theirs.id == reference.id else { continue }
            guard theirs.owner == reference.owner else { throw foreign(reference, theirs.owner) }
            try await command.remove(container.configuration.id)
        }
        lifelines.letGo(reference.id)
        if folder.read() != nil {
            try await folder.remove()
        } else if try folder.isLeftover {
            try await folder.sweep()
        }
        host.logger.debug(
            "sandbox removed", metadata: ["sandbox.id": "\(reference.id)", "backend.id": "\(AppleContainerBackend.id)"])
    }

    /// The sandbox that a listed container is, if the labels say that it is one.
    static func reference(_ container: AppleMessage.Container) -> SandboxReference? {
        ContainerLabels.reference(
            container.configuration.labels ?? [:], container: container.configuration.id, backend: AppleContainerBackend.id)
    }

    private func foreign(_ reference: SandboxReference, _ owner: OwnerLabel) -> SandboxError {
        SandboxError(
            .denied, "sandbox '\(reference.id)' belongs to \(owner), not to \(reference.owner)",
            remedy: "let the Sandlot of that data directory remove it", backend: AppleContainerBackend.id)
    }
}
