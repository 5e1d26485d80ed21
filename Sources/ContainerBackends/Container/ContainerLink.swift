import GuestClient
import SandboxCore
import SystemPackage

/// Connecting to the guest of a container, the first time and later.
struct ContainerLink: Sendable {
    let backend: BackendID
    let host: HostFacts
    let engine: EngineConnection
    let removal: ContainerRemoval
    let accounts: KnownAccounts

    /// A new connection to the guest of a running container.
    func channel(_ reference: SandboxReference, container: String) async throws -> GuestChannel {
        switch Delivery(reference) {
        case .mounted: return try await GuestChannel.connect(unixSocket: ContainerFolder(reference.id, in: host.dataDirectory).socket)
        case .sent:
            let relay = [ContainerPlan.Place.guest.string, "relay", "--to-abstract", reference.id.rawValue]
            return try await GuestChannel.adopt(descriptor: try await engine.open().connect(to: container, by: relay))
        }
    }

    /// The sandbox over a first channel. `image` is the image's own environment.
    func sandbox(
        _ reference: SandboxReference, container: String, image: [String], environment: [String: String], channel: GuestChannel
    ) throws -> ContainerSandbox {
        guard let workspace = reference.locator["workspace"], let home = reference.locator["home"] else {
            throw SandboxError(.invalidArgument, "the reference of sandbox \(reference.id) does not say where its workspace is")
        }
        var base = EnvironmentFile.base(home: FilePath(home)).merging(EnvironmentText.pairs(image)) { $1 }
        if let engine = reference.locator[HatchOpening.key] { base.merge(["CONTAINER_HOST": engine, "DOCKER_HOST": engine]) { $1 } }
        let defaults = GuestExecDefaults(
            workspacePath: FilePath(workspace), environment: base.merging(["HOME": home]) { $1 }.merging(environment) { $1 },
            // Without capabilities nothing in a container can become another user.
            canSwitchUser: false)
        let engine = engine
        let link = self
        let core = GuestSandboxCore(defaults: defaults, channel: channel) {
            try await link.channel(reference, container: container)
        } isAlive: {
            // An engine that does not answer says nothing about the sandbox, so then its socket decides.
            guard let found = try? await engine.open().inspect(container) else { return (try? await engine.reopen()) == nil }
            return found.State.Running
        } causeOfDeath: {
            guard let found = try? await engine.open().inspect(container) else { return nil }
            return found.State.causeOfDeath
        }
        return ContainerSandbox(reference: reference, guest: core, removal: removal)
    }

    /// A reference's container, running or not. Throws `notFound` when there is none, or another one of its name.
    func container(of reference: SandboxReference) async throws -> EngineMessage.Container {
        guard reference.backend == backend, let id = reference.locator["container"], let found = try await engine.open().inspect(id),
            ContainerLabels.identifying(reference.id, owner: reference.owner, backend: backend).allSatisfy({
                found.Config.Labels?[$0.key] == $0.value
            })
        else { throw gone(reference) }
        return found
    }

    private func gone(_ reference: SandboxReference) -> SandboxError {
        SandboxError(.notFound, "the sandbox '\(reference.id)' is gone", remedy: "create a new one", backend: backend)
    }

    func attach(to reference: SandboxReference) async throws -> ContainerSandbox {
        let found = try await container(of: reference)
        let id = found.Id
        guard found.State.Running else { throw gone(reference) }
        if found.State.Paused == true {
            throw SandboxError(
                .unavailable, "the container of sandbox '\(reference.id)' is paused",
                remedy: "unpause \(ContainerLabels.name(of: reference.id))",
                backend: backend)
        }
        let channel = try await self.channel(reference, container: id)
        do {
            var environment: [String: String] = [:]
            if let file = reference.locator["environment"], let workspace = reference.locator["workspace"] {
                let session = GuestSession(channel, defaults: GuestExecDefaults(workspacePath: FilePath(workspace), environment: [:]))
                environment = try await EnvironmentFile.read(FilePath(file), of: session.files)
            }
            return try sandbox(reference, container: id, image: found.Config.Env ?? [], environment: environment, channel: channel)
        } catch {
            channel.close()
            throw error
        }
    }
}
