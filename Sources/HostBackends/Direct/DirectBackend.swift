import GuestClient
public import SandboxCore
public import SystemPackage
import SandboxProcess

/// The keys of `[backends.direct]`.
public struct DirectSettings: Sendable, Equatable {
    /// Nothing happens without it.
    public var isEnabled: Bool
    /// Nil: see `GuestExecutable.locate`.
    public var guest: FilePath?

    /// The descriptors of the keys.
    public static let descriptors: [SettingDescriptor] = [
        SettingDescriptor(
            key: "enabled", kind: .boolean, summary: "Allows commands on the host without any isolation, when asked for by name.",
            defaultText: "false"),
        SettingDescriptor(key: "guest_path", kind: .path, summary: "The guest executable.", aliases: ["SANDLOT_GUEST"]),
    ]

    /// Reads the scope; a value that makes no sense is `invalidArgument`.
    public init(_ texts: SettingTexts = SettingTexts()) throws {
        isEnabled = try texts.boolean("enabled", default: false)
        guest = try texts.path("guest_path")
    }
}

/// Commands on the host as the user that Sandlot is, without any isolation. Only with a setting *and* by name.
public struct DirectBackend: HostBackend {
    /// Its name.
    public static let id = BackendID(unchecked: "direct")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "Direct", summary: "The host itself, without any isolation; only with `enabled = true` and by name.",
        isolation: .none, placement: .local,
        capabilities: [
            .mountedWorkspace, .terminal, .detachedExecs, .reattach, .files, .networkOpen, .memoryLimit, .processorLimit, .processLimit,
        ],
        onlyByName: true, settings: DirectSettings.descriptors)

    /// What it is on this machine: a limit that nothing here can hold is not claimed.
    public let descriptor: BackendDescriptor

    static let guestHoldsAll = false

    let host: HostEnvironment
    var privateDirectory: FilePath? { nil }
    let settings: DirectSettings

    /// Creates the backend; nothing is started.
    public init(host: HostEnvironment, settings: DirectSettings) {
        self.host = host
        self.settings = settings
        descriptor = LimitEnforcement.narrowed(Self.description, layout: host.cgroups, isRoot: host.isRoot)
    }

    private static let remedy = "set enabled = true in [backends.direct] if commands may do everything that you may"

    /// Asks for the setting and for the guest.
    public func probe() async -> BackendAvailability {
        guard settings.isEnabled else { return .unavailable(reason: "running without isolation is not enabled", remedy: Self.remedy) }
        do {
            let guest = try GuestExecutable.locate(setting: settings.guest, variable: host.guestVariable)
            var details = LimitEnforcement.details(host.cgroups, isRoot: host.isRoot)
            details["guest"] = guest.string
            details["isolation"] = "none: commands are user \(host.user.uid) of this machine"
            return .available(details: details)
        } catch {
            return .unavailable(error)
        }
    }

    /// Makes a "sandbox" that is the host. Nothing runs in it before `record` has returned.
    func launch(
        _ spec: SandboxSpec, _ life: Life, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        guard settings.isEnabled else {
            throw SandboxError(.denied, "running without isolation is not enabled", remedy: Self.remedy, backend: Self.id)
        }
        guard spec.network == .open else {
            throw SandboxError(
                .unsupported, "the network of the host itself cannot be taken away", remedy: "ask for the network policy 'open'",
                backend: Self.id)
        }
        try EnvironmentFile.check(spec.environment)
        let guest = try GuestExecutable.locate(setting: settings.guest, variable: host.guestVariable)
        let blueprint = try PlainBlueprint(
            spec, host: host, guest: guest, runAs: nil, allowsRoot: true, privateDirectory: host.dataDirectory, backend: Self.id)
        guard !blueprint.isWorkspaceReadOnly else {
            throw SandboxError(
                .unsupported, "a read-only workspace cannot be enforced without isolation", remedy: "choose another backend",
                backend: Self.id)
        }
        let launcher = PlainLauncher(
            host: host, backend: Self.id, guest: guest, blueprint: blueprint, spec: spec, removal: removal, life: life)
        return try await launcher.launch(record)
    }
}
