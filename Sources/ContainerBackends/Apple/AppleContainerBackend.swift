import Logging
public import SandboxCore
import SystemPackage

/// Sandboxes in Apple's containers: each one a virtual machine, made by the `container` command. macOS 26 and newer.
public struct AppleContainerBackend: SettingShapedBackend {
    /// The name of the backend.
    public static let id = BackendID(unchecked: "apple-container")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "Apple container",
        summary: "A virtual machine for each sandbox, by Apple's container command (macOS 26; tested against a stand-in for that command).",
        isolation: .microVM, placement: .local,
        capabilities: [
            .mountedWorkspace, .extraMounts, .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .memoryLimit,
            .processLimit, .privateFileSystem, .processIsolation, .images, .workspacePath,
        ],
        settings: AppleSettings.descriptors)

    /// What it is.
    public var descriptor: BackendDescriptor { Self.description }

    private let host: HostFacts
    private let settings: AppleSettings
    private let link: AppleLink

    /// Starts nothing.
    public init(host: HostFacts, settings: AppleSettings) {
        self.host = host
        self.settings = settings
        link = AppleLink(settings: settings, host: host, relays: AppleRelays(), lifelines: Lifelines())
    }

    /// Asks the command and its service.
    public func probe() async -> BackendAvailability {
        let start = "run `container system start`"
        do {
            let command = try link.command()
            let system = try await command.system()
            guard system.status == "running" else {
                return .unavailable(reason: "the service of Apple's container command is \(system.status)", remedy: start)
            }
            if let major = system.majorVersion, major < 1 {
                return .unavailable(
                    reason: "the service is \(system.apiServerVersion ?? "too old")", remedy: "update Apple's container to 1.0 or newer")
            }
            _ = try host.guest()
            var details = ["command": command.executable.string, "version": system.apiServerVersion ?? "unknown"]
            details["limit.memory"] = "virtual machine"
            details["limit.processes"] = "kernel limit of the sandbox' user"
            details["limit.processors"] = "refused (setting processors: for all)"
            details["limit.disk"] = "refused"
            details["tested"] = "against a stand-in for the command, not on macOS"
            let isThere = try await command.hasImage(try ImageSupply.check(settings.image))
            details["image"] =
                isThere ? settings.image : settings.pull == .never ? "\(settings.image) (missing)" : "\(settings.image) (will be pulled)"
            return .available(details: details)
        } catch let error as SandboxError {
            return .unavailable(reason: error.message, remedy: error.remedy ?? start)
        } catch {
            return .unavailable(reason: "\(error)", remedy: start)
        }
    }

    /// Makes a container, boots its machine and waits for its guest. Nothing runs in it before `record` has returned.
    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        let image: String
        switch spec.image {
        case .backendDefault: image = try ImageSupply.check(settings.image)
        case .reference(let name): image = try ImageSupply.check(name)
        case .rootDirectory(let path):
            throw SandboxError(
                .unsupported, "a container cannot start from the directory '\(path)'", remedy: "make an image of it and name that",
                backend: Self.id)
        }
        let command = try link.command()
        let share = try share()
        // Refuses what cannot be before anything is fetched or made.
        let plan = try ApplePlan(spec, image: image, share: share, host: host, settings: settings)
        try await ensure(image, command)
        return try await AppleLauncher(plan: plan, spec: spec, settings: settings, command: command, link: link).launch(record)
    }

    /// By the fingerprint in the container's label.
    public func isOutdated(_ reference: SandboxReference, as spec: SandboxSpec) async throws -> Bool {
        guard let name = reference.locator["container"], let found = try await link.command().container(name),
            let recorded = found.configuration.labels?[ContainerLabels.fingerprint]
        else { return false }
        return try ApplePlan(spec, image: "", share: try share(), host: host, settings: settings).fingerprint != recorded
    }

    /// Connects to a sandbox that was made earlier.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox { try await link.attach(to: reference) }

    /// By the containers' labels, and by the records of sandboxes whose container is not there.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        var found: [SandboxID: SandboxReference] = [:]
        for record in try ContainerFolder.list(host.dataDirectory, owner: owner, backend: Self.id) { found[record.id] = record }
        for container in try await link.command().list() {
            guard let listed = AppleLink.reference(container), listed.owner == owner, found[listed.id] == nil else { continue }
            found[listed.id] = listed
        }
        for id in try ContainerFolder.leftovers(host.dataDirectory) where found[id] == nil {
            found[id] = SandboxReference(id: id, backend: Self.id, owner: owner, session: nil, locator: [:])
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// Ends and removes what belongs to the reference.
    public func remove(_ reference: SandboxReference) async throws { try await link.remove(reference) }

    private func share() throws -> FilePath {
        try GuestShare(dataDirectory: host.dataDirectory, guest: try host.guest()).directory()
    }

    private func ensure(_ image: String, _ command: AppleCommand) async throws {
        if try await command.hasImage(image) { return }
        guard settings.pull != .never else {
            throw SandboxError(
                .notFound, "there is no image '\(image)', and pull is 'never'", remedy: "container image pull \(image), or name another",
                backend: Self.id)
        }
        host.logger.info("pulling an image", metadata: ["image": "\(image)", "backend.id": "\(Self.id)"])
        do {
            try await command.pull(image, deadline: .seconds(settings.pullTimeout))
        } catch let error as SandboxError where error.code != .cancelled {
            throw SandboxError(
                error.code == .timeout ? .timeout : .unavailable,
                "there is no image '\(image)' and it cannot be pulled: \(error.message)",
                remedy: "check the name and the network", backend: Self.id, cause: error.cause)
        }
    }
}
