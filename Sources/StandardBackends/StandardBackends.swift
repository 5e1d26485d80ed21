import CloudBackends
import ContainerBackends
import HostBackends
public import Logging
import MicroVMBackends
public import SandboxCore
public import SystemPackage

/// The one list of backends. Adding a backend is its folder and a line here.
public enum StandardBackends {
    /// Every backend of this build, in the order in which people see them. Nothing is started but the thread that will watch processes.
    ///
    /// - Parameters:
    ///   - dataDirectory: where local sandboxes are kept, below `sandboxes`.
    ///   - settings: the scope `[backends.<id>]` as texts, one element for each value that is not a list. What it throws is passed on.
    ///   - secrets: the value of a secret setting of a backend, looked up when it is asked for and not kept; nil when it is not set.
    public static func all(
        dataDirectory: FilePath, settings: (BackendID) throws -> [String: [String]],
        secrets: @escaping @Sendable (BackendID, String) async throws -> String? = { _, _ in nil }, logger: Logger
    ) throws -> [any SandboxBackend] {
        let host = try HostEnvironment.current(dataDirectory: dataDirectory, logger: logger)
        func texts(_ id: BackendID) throws -> SettingTexts { SettingTexts(try settings(id)) }
        let containers = HostFacts.current(dataDirectory: dataDirectory, keeper: host.keeper, logger: logger) {
            try GuestExecutable.locate(setting: nil, variable: host.guestVariable)
        }
        let clouds = CloudHost(logger: logger) { try GuestExecutable.locate(setting: nil, variable: host.guestVariable) }
        let machines = machineHost(host, dataDirectory, logger)
        return [
            BubblewrapBackend(host: host, settings: try BubblewrapSettings(try texts(BubblewrapBackend.id))),
            AppleContainerBackend(host: containers, settings: try AppleSettings(try settings(AppleContainerBackend.id))),
            ContainerBackend.podman(host: containers, settings: try ContainerSettings(try settings(ContainerBackend.podmanID))),
            ContainerBackend.docker(host: containers, settings: try ContainerSettings(try settings(ContainerBackend.dockerID))),
            MicroVMBackend.firecracker(host: machines, settings: try MachineSettings(try settings(MicroVMBackend.firecracker.id))),
            MicroVMBackend.qemu(host: machines, settings: try MachineSettings(try settings(MicroVMBackend.qemu.id))),
            RestrictedHostBackend(host: host, settings: try RestrictedHostSettings(try texts(RestrictedHostBackend.id))),
            WasmBackend(host: host, settings: try WasmSettings(try texts(WasmBackend.id))),
            try E2BBackend.make(host: clouds, settings: try settings(E2BBackend.id)) { try await secrets(E2BBackend.id, "api_key") },
            try DaytonaBackend.make(host: clouds, settings: try settings(DaytonaBackend.id)) {
                try await secrets(DaytonaBackend.id, "api_key")
            },
            try VercelBackend.make(host: clouds, settings: try settings(VercelBackend.id)) { try await secrets(VercelBackend.id, $0) },
            DirectBackend(host: host, settings: try DirectSettings(try texts(DirectBackend.id))),
        ]
    }

    /// The static executable that runs inside every sandbox of this build. Throws `unavailable` when it is not there.
    public static func guest(variable: String?) throws -> FilePath { try GuestExecutable.locate(setting: nil, variable: variable) }

    /// Installs what the backend `firecracker` needs, tries KVM, and makes what its machines start from; says each thing that was done or found.
    ///
    /// - Parameters:
    ///   - settings: the scope `[backends.firecracker]`, as in `all`.
    ///   - onlyInstalls: nothing is tried or made.
    public static func setUpFirecracker(
        dataDirectory: FilePath, settings: (BackendID) throws -> [String: [String]], logger: Logger, onlyInstalls: Bool,
        _ tell: @Sendable (String) async throws -> Void
    ) async throws {
        let host = try HostEnvironment.current(dataDirectory: dataDirectory, logger: logger)
        let values = try MachineSettings(try settings(MicroVMBackend.firecracker.id))
        try await FirecrackerSetup(host: machineHost(host, dataDirectory, logger), settings: values).run(onlyInstalls: onlyInstalls, tell)
    }

    private static func machineHost(_ host: HostEnvironment, _ dataDirectory: FilePath, _ logger: Logger) -> MachineHost {
        MachineHost(dataDirectory: dataDirectory, keeper: host.keeper, logger: logger, user: host.user, searchPath: host.searchPath) {
            try GuestExecutable.locate(setting: nil, variable: host.guestVariable)
        }
    }

    /// What each backend is, without its settings having been read.
    public static let descriptors: [BackendDescriptor] =
        [BubblewrapBackend.description, AppleContainerBackend.description] + ContainerBackend.descriptions + [
            MicroVMBackend.firecracker, MicroVMBackend.qemu, RestrictedHostBackend.description, WasmBackend.description,
            E2BBackend.description,
            DaytonaBackend.description, VercelBackend.description,
            DirectBackend.description,
        ]
}
