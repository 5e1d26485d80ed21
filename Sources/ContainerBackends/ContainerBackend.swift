import Logging
public import SandboxCore
import SandboxHTTP

/// Sandboxes in containers of an engine on this machine: Docker or Podman, by its API.
public struct ContainerBackend: SettingShapedBackend, RevivingBackend {
    /// What it is; once the engine was asked, without what that engine cannot do.
    public var descriptor: BackendDescriptor {
        var description = Self.description(dialect)
        // A hatch that somebody opened is no secret: who asks for a floor does not get less.
        if let hatch { description.isolation = hatch.isolation }
        // Nobody waits for a service to start who did not ask for it.
        description.onlyByName = connection.mustBeStarted
        if let engine = connection.known {
            description.capabilities.subtract(engine.facts.missing.union(Delivery.choose(engine, settings).missing))
        }
        return description
    }

    private var hatch: ContainerSettings.Hatch? { dialect.hasHatches ? settings.hatch : nil }

    let dialect: EngineDialect
    let host: HostFacts
    let settings: ContainerSettings
    let connection: EngineConnection
    let looks: ImageLooks
    private let lifelines = Lifelines()
    private let accounts = KnownAccounts()

    /// The name of the backend for Docker engines.
    public static let dockerID = EngineDialect.docker.id
    /// The name of the backend for Podman services.
    public static let podmanID = EngineDialect.podman.id

    /// A Docker engine.
    public static func docker(host: HostFacts, settings: ContainerSettings) -> ContainerBackend {
        ContainerBackend(.docker, host: host, settings: settings)
    }

    /// A Podman service.
    public static func podman(host: HostFacts, settings: ContainerSettings) -> ContainerBackend {
        ContainerBackend(.podman, host: host, settings: settings)
    }

    /// What the backends of this kind are, whatever their settings.
    public static let descriptions: [BackendDescriptor] = [description(.podman), description(.docker)]

    private init(_ dialect: EngineDialect, host: HostFacts, settings: ContainerSettings) {
        self.dialect = dialect
        self.host = host
        self.settings = settings
        looks = ImageLooks(dataDirectory: host.dataDirectory)
        connection = EngineConnection(dialect, settings: settings, host: host)
    }

    private static func description(_ dialect: EngineDialect) -> BackendDescriptor {
        BackendDescriptor(
            id: dialect.id, name: dialect.name, summary: dialect.summary, isolation: .container, placement: .local,
            capabilities: Set(dialect.givesGPUs ? [.gpus] : []).union([
                .mountedWorkspace, .extraMounts, .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .memoryLimit,
                .processorLimit, .processLimit, .privateFileSystem, .processIsolation, .images, .imageBuild,
                .workspacePath,
            ]),
            settings: dialect.hasHatches ? ContainerSettings.podmanDescriptors : ContainerSettings.descriptors)
    }

    /// Asks the engine what it is and can. Makes nothing.
    public func probe() async -> BackendAvailability {
        do {
            let engine = try await connection.reopen()
            _ = try host.guest()
            _ = try engine.paths.map(host.dataDirectory)
            var details = ["engine": engine.facts.version, "address": "\(engine.client.endpoint)", "api": "\(engine.facts.api)"]
            details["files"] = Delivery.choose(engine, settings) == .mounted ? "mounted" : "sent by the engine's API; no mounts"
            details["rootless"] = engine.facts.isRootless ? "yes" : "no"
            details["seccomp"] = engine.facts.hasSystemCallFilter ? "the engine's and Sandlot's" : "Sandlot's"
            details["limit.memory"] = engine.facts.limitsMemory ? "control group" : "refused"
            details["limit.processes"] = engine.facts.limitsProcesses ? "control group" : "refused"
            details["limit.processors"] = engine.facts.limitsProcessors ? "control group" : "refused"
            details["limit.disk"] = "refused"
            if !engine.facts.opensNetwork { details["network.open"] = "refused: \(EngineFacts.noTunnel)" }
            if engine.service != nil { details["service"] = "started by Sandlot, ends with it" }
            if !engine.paths.isIdentity { details["paths"] = engine.paths.description }
            if let hatch { details["WARNING"] = hatch.warning }
            let isThere = try await engine.image(try ImageSupply.check(settings.image)) != nil
            details["image"] =
                isThere ? settings.image : settings.pull == .never ? "\(settings.image) (missing)" : "\(settings.image) (will be pulled)"
            return .available(details: details)
        } catch let error as SandboxError {
            return .unavailable(reason: error.message, remedy: error.remedy ?? dialect.start)
        } catch {
            return .unavailable(reason: "\(error)", remedy: dialect.start)
        }
    }

    /// Makes a container and waits for its guest. Nothing runs in it before `record` has returned.
    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        let name = try imageName(spec.image)
        if let hatch {
            host.logger.warning(
                "\(hatch.warning)", metadata: ["sandbox.id": "\(spec.id)", "backend.id": "\(dialect.id)"])
        }
        let engine = try await connection.open()
        // Refuses what cannot be before anything is fetched or made.
        _ = try ContainerPlan(spec, image: name, engine: engine, host: host, settings: settings)
        let image = try await ImageSupply(engine: engine, settings: settings, logger: host.logger).ensure(name)
        // By its id, so that a tag that moves meanwhile changes nothing.
        let plan = try ContainerPlan(spec, image: image.Id, engine: engine, host: host, settings: settings)
        return try await ContainerLauncher(plan: plan, spec: spec, image: image, engine: engine, host: host, link: link).launch(record)
    }

    /// Starts a stopped container again. It is as it was made, whatever the settings are now.
    public func revive(
        _ reference: SandboxReference, as spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        let found = try await link.container(of: reference)
        if found.State.Running { return try await link.attach(to: reference) }
        let engine = try await connection.open()
        guard let image = try await engine.image(found.Image) else {
            throw SandboxError(
                .notFound, "the image of sandbox '\(reference.id)' is gone from the engine", remedy: "create a new one", backend: dialect.id
            )
        }
        let plan = try ContainerPlan(spec, image: image.Id, engine: engine, host: host, settings: settings)
        return try await ContainerLauncher(plan: plan, spec: spec, image: image, engine: engine, host: host, link: link)
            .relaunch(reference, found, record)
    }

    /// By the fingerprint in the container's label.
    public func isOutdated(_ reference: SandboxReference, as spec: SandboxSpec) async throws -> Bool {
        let engine = try await connection.open()
        guard let id = reference.locator["container"], let found = try await engine.inspect(id),
            let recorded = found.Config.Labels?[ContainerLabels.fingerprint]
        else { return false }
        return try ContainerPlan(spec, image: "", engine: engine, host: host, settings: settings).fingerprint != recorded
    }

    /// Connects to a sandbox that was made earlier.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox { try await link.attach(to: reference) }

    /// By the containers' labels, and by the records of sandboxes whose container is not there. Starts no service to hear that there is nothing:
    /// a container's record is there before the container.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        let records = try ContainerFolder.list(host.dataDirectory, owner: owner, backend: dialect.id)
        let leftovers = try ContainerFolder.leftovers(host.dataDirectory)
        let isNothing = records.isEmpty && leftovers.isEmpty
        guard let engine = isNothing ? try await connection.present() : try await connection.open() else { return [] }
        let labels = [ContainerLabels.owner: owner.rawValue, ContainerLabels.backend: dialect.id.rawValue]
        var found: [SandboxID: SandboxReference] = [:]
        for record in records { found[record.id] = record }
        for container in try await engine.containers(labelled: labels) {
            guard let listed = ContainerLabels.reference(container, backend: dialect.id), listed.owner == owner else { continue }
            found[listed.id] = SandboxReference(
                id: listed.id, backend: listed.backend, owner: owner, session: listed.session,
                locator: (found[listed.id]?.locator ?? [:]).merging(listed.locator) { $1 })
        }
        for id in leftovers where found[id] == nil {
            found[id] = SandboxReference(id: id, backend: dialect.id, owner: owner, session: nil, locator: [:])
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// Ends and removes what belongs to the reference.
    public func remove(_ reference: SandboxReference) async throws { try await removal.remove(reference) }

    private var removal: ContainerRemoval {
        ContainerRemoval(backend: dialect.id, host: host, engine: connection, lifelines: lifelines)
    }

    private var link: ContainerLink {
        ContainerLink(backend: dialect.id, host: host, engine: connection, removal: removal, accounts: accounts)
    }

    private func imageName(_ choice: ImageChoice) throws -> String {
        switch choice {
        case .backendDefault: return try ImageSupply.check(settings.image)
        case .reference(let name): return try ImageSupply.check(name)
        case .rootDirectory(let path):
            throw SandboxError(
                .unsupported, "a container cannot start from the directory '\(path)'",
                remedy: "import it as an image (tar -C \(path) -c . | docker import - NAME) and name that", backend: dialect.id)
        }
    }
}
