import GuestClient
public import SandboxCore
import SandboxProcess
import SystemPackage

/// WebAssembly modules of the workspace. Each runs in a process of its own, which is confined like the restricted host and gives up more before it
/// reads the module: a fault of the runtime reaches the workspace, not the server.
public struct WasmBackend: HostBackend {
    /// Its name.
    public static let id = BackendID(unchecked: "wasm")

    /// What it is, whatever its settings.
    public static let description = BackendDescriptor(
        id: id, name: "WebAssembly",
        summary: "Runs WASI modules of the workspace (app.wasm) and nothing else: no shell, no programs, no network; only by name.",
        isolation: .wasm, placement: .local,
        capabilities: [
            .mountedWorkspace, .terminal, .detachedExecs, .reattach, .files, .networkNone, .memoryLimit, .processorLimit, .processLimit,
            .processIsolation,
        ],
        onlyByName: true, settings: WasmSettings.descriptors)

    /// What it is on this machine: a limit that nothing here can hold is not claimed.
    public let descriptor: BackendDescriptor

    static let guestHoldsAll = false

    let host: HostEnvironment
    var privateDirectory: FilePath? { settings.confinement.privateDirectory }
    let settings: WasmSettings

    /// Creates the backend; nothing is started.
    public init(host: HostEnvironment, settings: WasmSettings) {
        self.host = host
        self.settings = settings
        descriptor = LimitEnforcement.narrowed(Self.description, layout: host.cgroups, isRoot: host.isRoot)
    }

    /// Asks for the guest, the runtime and Landlock, and runs a module under everything that a sandbox gets.
    public func probe() async -> BackendAvailability {
        do {
            let guest = try GuestExecutable.locate(setting: settings.confinement.guest, variable: host.guestVariable)
            let runtime = try WasmRuntime.locate(settings, dataDirectory: host.dataDirectory)
            let restriction = try restriction(guest: guest, runtime: runtime)
            var request = SpawnRequest(executable: guest, arguments: [], noNewPrivileges: true)
            request.landlock = restriction?.ruleset
            request.filter = try SystemCallFilter.standard(denyingInternet: true)
            request.user = host.isRoot ? settings.confinement.runAs : nil
            if let user = request.user { try Self.check(runtime, isReachableAs: user) }
            try await runtime.trial(request, keeper: host.keeper)
            var details = LimitEnforcement.details(host.cgroups, isRoot: host.isRoot)
            details["guest"] = guest.string
            details["runner"] = runtime.runner.string
            details["library"] = runtime.library.string
            details["landlock"] = restriction == nil ? "none" : "version \(FileRestriction.kernelVersion)"
            details["limit.fuel"] = settings.fuel.map { "\($0) instructions for each command" } ?? "none: set fuel in [backends.wasm]"
            details["runs"] = "WASI modules (preview 1) of the workspace; no shell, no programs, no components"
            return .available(details: details)
        } catch {
            return .unavailable(error)
        }
    }

    /// Makes a sandbox. Nothing runs in it before `record` has returned.
    func launch(
        _ spec: SandboxSpec, _ life: Life, _ record: @Sendable (SandboxReference) async throws -> Void
    ) async throws -> any Sandbox {
        try EnvironmentFile.check(spec.environment)
        try refuse(spec)
        let guest = try GuestExecutable.locate(setting: settings.confinement.guest, variable: host.guestVariable)
        let runtime = try WasmRuntime.locate(settings, dataDirectory: host.dataDirectory)
        var inner = spec
        inner.environment = WasmCommand.hidden(WasmCommand.usualEnvironment.merging(spec.environment) { $1 })
        var blueprint = try PlainBlueprint(
            inner, host: host, guest: guest, runAs: settings.confinement.runAs, allowsRoot: settings.confinement.allowsRoot,
            privateDirectory: settings.confinement.privateDirectory, backend: Self.id)
        if let user = blueprint.user { try Self.check(runtime, isReachableAs: user) }
        blueprint.enforcement.countsWrittenMemory()
        let places = WasmPlaces(blueprint, memory: spec.limits.memory)
        blueprint.locator.variables.merge(places.variables) { $1 }
        let restriction = try restriction(guest: guest, runtime: runtime)
        if restriction == nil, blueprint.isWorkspaceReadOnly {
            throw SandboxError(
                .unsupported, "a read-only workspace cannot be enforced without Landlock", remedy: "choose another backend",
                backend: Self.id)
        }
        let launcher = PlainLauncher(
            host: host, backend: Self.id, guest: guest, blueprint: blueprint, spec: inner, removal: removal, restriction: restriction,
            filter: try SystemCallFilter.standard(denyingInternet: true), noNewPrivileges: true, life: life)
        return WasmSandbox(base: try await launcher.launch(record), places: places, runtime: runtime, fuel: settings.fuel)
    }

    /// Connects to a sandbox that was made earlier.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox {
        let runtime = try WasmRuntime.locate(settings, dataDirectory: host.dataDirectory)
        let base = try await GuestLink(host: host, backend: Self.id, removal: removal).attach(to: reference)
        return WasmSandbox(base: base, places: try WasmPlaces(try Locator(base.reference)), runtime: runtime, fuel: settings.fuel)
    }

    private func refuse(_ spec: SandboxSpec) throws {
        guard spec.network == .none else {
            throw SandboxError(
                .unsupported, "a WASI module has no network", remedy: "ask for the network policy 'none', or choose another backend",
                backend: Self.id)
        }
        guard spec.home == .ephemeral else {
            throw SandboxError(
                .unsupported, "a module sees its workspace and a temporary directory, no home directory",
                remedy: "leave the home directory out, or choose another backend", backend: Self.id)
        }
    }

    private static func check(_ runtime: WasmRuntime, isReachableAs user: SpawnRequest.User) throws {
        for path in [runtime.runner, runtime.library] where !HostPaths.canReach(path, as: user) {
            throw SandboxError(
                .unavailable, "user \(user.uid), as whom modules would run, cannot reach \(path)",
                remedy: "install it where everybody can read it (/usr/local/lib/sandlot), and name it in [backends.wasm]", backend: Self.id)
        }
    }

    /// The rules that all its sandboxes share: what starts the guest and the runner, and no program of the host. Nil where the kernel has none and
    /// the settings accept that.
    private func restriction(guest: FilePath, runtime: WasmRuntime) throws -> FileRestriction? {
        guard FileRestriction.kernelVersion > 0 else {
            if settings.confinement.allowsWithoutLandlock { return nil }
            throw SandboxError(
                .unavailable, "this kernel has no Landlock, so the runtime cannot be confined",
                remedy: "boot with lsm=…,landlock on Linux 5.13 or newer, or set allow_without_landlock = true", backend: Self.id)
        }
        let rules = try FileRestriction()
        for path in WasmRuntime.systemPaths + settings.confinement.systemPaths + [guest, runtime.runner, runtime.library, "/proc"] {
            try rules.allow(path, writable: false)
        }
        for path in ["/dev/null", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts"].map({ FilePath($0) })
        where HostDirectory.exists(path) {
            try rules.allow(path, writable: true)
        }
        return rules
    }
}
