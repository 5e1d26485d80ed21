import GuestClient
public import SandboxCore
import SandboxProcess
import SystemPackage

/// Commands on the host itself, with what a process can take from itself: Landlock rules, a system call filter, resource limits and a clean
/// environment. There are no namespaces: commands see the host's process list, can connect to unix sockets that the user can open, and (on
/// kernels before 6.12) may signal processes of the same user.
public struct RestrictedHostBackend: HostBackend {
    /// Its name.
    public static let id = BackendID(unchecked: "restricted-host")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "Restricted host",
        summary: "The host's own processes and files, narrowed by Landlock, a system call filter and limits; only by name or floor.",
        isolation: .process, placement: .local,
        capabilities: [
            .mountedWorkspace, .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .memoryLimit, .processorLimit,
            .processLimit,
        ],
        onlyByName: true, settings: RestrictedHostSettings.descriptors)

    /// What it is on this machine: a limit that nothing here can hold is not claimed.
    public let descriptor: BackendDescriptor

    static let guestHoldsAll = false

    let host: HostEnvironment
    var privateDirectory: FilePath? { settings.privateDirectory }
    let settings: RestrictedHostSettings

    /// Creates the backend; nothing is started.
    public init(host: HostEnvironment, settings: RestrictedHostSettings) {
        self.host = host
        self.settings = settings
        descriptor = LimitEnforcement.narrowed(Self.description, layout: host.cgroups, isRoot: host.isRoot)
    }

    /// Asks for the guest and for Landlock, and runs the guest once under everything that a sandbox gets.
    public func probe() async -> BackendAvailability {
        do {
            let guest = try GuestExecutable.locate(setting: settings.guest, variable: host.guestVariable)
            let restriction = try restriction(guest: guest, network: .none)
            var request = SpawnRequest(executable: guest, arguments: [guest.string, "--version"], noNewPrivileges: true)
            request.landlock = restriction?.ruleset
            request.filter = try SystemCallFilter.standard(denyingInternet: true)
            request.user = host.isRoot ? settings.runAs : nil
            let process = try await host.keeper.spawn(request)
            let ending = try await withDeadline(.seconds(5), for: "the guest's trial") { try await process.wait() }
            guard ending == .exited(0) else {
                return .unavailable(
                    reason: "the guest \(guest) ended with \(ending) under the restrictions", remedy: "run `\(guest) --version` by hand")
            }
            var details = LimitEnforcement.details(host.cgroups, isRoot: host.isRoot)
            details["guest"] = guest.string
            details["landlock"] =
                restriction == nil ? "none: every file of the user is within reach" : "version \(FileRestriction.kernelVersion)"
            details["network.none"] = "internet sockets are refused by the system call filter"
            let signals = restriction != nil && FileRestriction.confinesSignals ? "" : "signals to processes of the same user, "
            details["not isolated"] = "process list, \(signals)unix sockets of the host"
            return .available(details: details)
        } catch {
            return .unavailable(error)
        }
    }

    /// Makes a sandbox, or lets a dead one run again over its files. Nothing runs in it before `record` has returned.
    func launch(
        _ spec: SandboxSpec, _ life: Life, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        try EnvironmentFile.check(spec.environment)
        let guest = try GuestExecutable.locate(setting: settings.guest, variable: host.guestVariable)
        let blueprint = try PlainBlueprint(
            spec, host: host, guest: guest, runAs: settings.runAs, allowsRoot: settings.allowsRoot,
            privateDirectory: settings.privateDirectory, backend: Self.id)
        let restriction = try restriction(guest: guest, network: spec.network)
        if restriction == nil, blueprint.isWorkspaceReadOnly {
            throw SandboxError(
                .unsupported, "a read-only workspace cannot be enforced without Landlock", remedy: "choose another backend",
                backend: Self.id)
        }
        let launcher = PlainLauncher(
            host: host, backend: Self.id, guest: guest, blueprint: blueprint, spec: spec, removal: removal, restriction: restriction,
            filter: try SystemCallFilter.standard(denyingInternet: spec.network == .none), noNewPrivileges: true, life: life)
        return try await launcher.launch(record)
    }

    /// The rules that all its sandboxes share; nil where the kernel has none and the settings accept that.
    private func restriction(guest: FilePath, network: NetworkPolicy) throws -> FileRestriction? {
        guard FileRestriction.kernelVersion > 0 else {
            if settings.allowsWithoutLandlock { return nil }
            throw SandboxError(
                .unavailable, "this kernel has no Landlock, so files cannot be restricted",
                remedy: "boot with lsm=…,landlock on Linux 5.13 or newer, or set allow_without_landlock = true", backend: Self.id)
        }
        let rules = try FileRestriction()
        for path in try SystemTree.readablePaths(network: network) + settings.systemPaths + [guest, "/proc"] {
            try rules.allow(path, writable: false)
        }
        for name in ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts"] {
            let path = FilePath("/dev").appending(name)
            if HostDirectory.exists(path) { try rules.allow(path, writable: true) }
        }
        return rules
    }
}
