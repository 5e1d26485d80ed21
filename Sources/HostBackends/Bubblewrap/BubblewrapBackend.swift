import GuestClient
public import SandboxCore
import SandboxProcess
import SystemPackage

/// Sandboxes of kernel namespaces, made by `bwrap`: no daemon, no root, milliseconds.
public struct BubblewrapBackend: HostBackend {
    /// Its name.
    public static let id = BackendID(unchecked: "bubblewrap")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: BubblewrapBackend.id, name: "bubblewrap",
        summary: "Linux namespaces with the host's system files read-only; no daemon and no root.", isolation: .namespace,
        placement: .local,
        capabilities: [
            .mountedWorkspace, .extraMounts, .terminal, .detachedExecs, .reattach, .files, .networkNone, .networkOpen, .memoryLimit,
            .processorLimit, .processLimit, .privateFileSystem, .processIsolation, .images, .workspacePath,
        ],
        settings: BubblewrapSettings.descriptors)

    /// What it is on this machine: a limit that nothing here can hold is not claimed.
    public let descriptor: BackendDescriptor

    static let guestHoldsAll = true

    let host: HostEnvironment
    var privateDirectory: FilePath? { settings.privateDirectory }
    let settings: BubblewrapSettings
    let trial: RememberedTrial

    /// Creates the backend; nothing is started.
    public init(host: HostEnvironment, settings: BubblewrapSettings) {
        self.host = host
        self.settings = settings
        trial = RememberedTrial(dataDirectory: host.dataDirectory)
        descriptor = LimitEnforcement.narrowed(Self.description, layout: host.cgroups, isRoot: host.isRoot, hasUserNamespace: true)
    }

    /// Makes and removes a trial sandbox, and says why where that fails.
    public func probe() async -> BackendAvailability {
        await BubblewrapProbe(backend: self).run()
    }

    /// Makes a sandbox, or lets a dead one run again over its files. Nothing runs in it before `record` has returned.
    func launch(
        _ spec: SandboxSpec, _ life: Life, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        try EnvironmentFile.check(spec.environment)
        let guest = try GuestExecutable.locate(setting: settings.guest, variable: host.guestVariable)
        let bwrap = try locateBwrap()
        let key = RememberedTrial.key(bwrap: bwrap, guest: guest, host: host, settings: settings)
        var known = trial.recall(key)
        if known == nil { known = try await BubblewrapProbe.version(of: bwrap, host) }
        let blueprint = try SandboxBlueprint(
            spec, host: host, settings: settings, guest: guest, knowsSize: known?.knowsSize ?? false)
        let launcher = BubblewrapLauncher(host: host, bwrap: bwrap, blueprint: blueprint, spec: spec, removal: removal, life: life)
        do {
            return try await launcher.launch(record)
        } catch {
            trial.forget()
            throw error
        }
    }

    func locateBwrap() throws -> FilePath {
        if let path = CommandRunner.find(settings.bwrap?.string ?? "bwrap", searchPath: host.searchPath) { return path }
        let what = settings.bwrap.map { "the setting bwrap_path names '\($0)', which cannot be executed" } ?? "bwrap is not in PATH"
        throw SandboxError(.unavailable, what, remedy: "install it: apt-get install bubblewrap", backend: Self.id)
    }
}
