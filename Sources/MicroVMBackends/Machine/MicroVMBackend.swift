import GuestClient
public import SandboxCore
import SandboxProcess
import SystemPackage

/// Sandboxes in small virtual machines: a kernel of their own. One design for every kind of monitor.
public struct MicroVMBackend: SandboxBackend, SettingShapedBackend {
    /// Machines of QEMU's small type: with KVM where it works and by emulation elsewhere.
    public static let qemu = BackendDescriptor(
        id: MonitorKind.qemu.backend, name: "QEMU microVM",
        summary: "A small virtual machine for each sandbox; with KVM where that works, by emulation anywhere else.", isolation: .microVM,
        placement: .local, capabilities: capabilities, settings: MachineSettings.qemu)

    /// Machines of Firecracker, which needs KVM.
    public static let firecracker = BackendDescriptor(
        id: MonitorKind.firecracker.backend, name: "Firecracker",
        summary: "A Firecracker microVM for each sandbox, locked in by its jailer; needs a KVM that works.", isolation: .microVM,
        placement: .local, capabilities: capabilities, settings: MachineSettings.firecracker)

    private static let capabilities: Set<Capability> = [
        .terminal, .detachedExecs, .reattach, .files, .networkNone, .memoryLimit, .processorLimit, .processLimit, .diskLimit,
        .privateFileSystem, .processIsolation, .images, .workspacePath,
    ]

    /// What it is.
    public let descriptor: BackendDescriptor
    private let kind: MonitorKind
    private let host: MachineHost
    private let settings: MachineSettings
    private let assets: AssetStore

    /// Creates the backend `qemu`; nothing is started.
    public static func qemu(host: MachineHost, settings: MachineSettings) -> MicroVMBackend {
        MicroVMBackend(.qemu, qemu, host, settings)
    }

    /// Creates the backend `firecracker`; nothing is started.
    public static func firecracker(host: MachineHost, settings: MachineSettings) -> MicroVMBackend {
        MicroVMBackend(.firecracker, firecracker, host, settings)
    }

    private init(_ kind: MonitorKind, _ descriptor: BackendDescriptor, _ host: MachineHost, _ settings: MachineSettings) {
        self.kind = kind
        self.descriptor = descriptor
        self.host = host
        self.settings = settings
        assets = AssetStore(dataDirectory: host.dataDirectory, logger: host.logger)
    }

    private var removal: MachineRemoval { MachineRemoval(host: host, backend: kind.backend) }
    private var link: MachineLink { MachineLink(host: host, kind: kind, removal: removal) }

    /// Looks for all that a machine is made of, and asks the monitor for its version. No machine is started: the first one takes seconds.
    public func probe() async -> BackendAvailability {
        do {
            #if !arch(x86_64)
                throw SandboxError(.unsupported, "machines are made for x86-64 processors", remedy: "use another backend here")
            #endif
            let preparation = try preparation()
            let image = GoldenImage(host: host, assets: assets)
            _ = try image.tool()
            let root = try settings.rootDirectory?.string ?? "BusyBox (\(BusyBoxTree.locate(host)))"
            let version = try await preparation.monitor.version()
            if !kind.canEmulate { try preparation.checkKVM() }
            var details = [
                "program": preparation.monitor.program.string, "version": version, "kernel": preparation.kernel.image.string,
                "acceleration": try preparation.accelerationWords(), "root": root, "guest": preparation.guest.string,
            ]
            details["confinement"] = preparation.monitor.confinement
            return .available(details: details)
        } catch let error as SandboxError {
            return .unavailable(reason: error.message, remedy: error.remedy ?? "run `sandlot doctor` for more")
        } catch {
            return .unavailable(reason: "\(error)", remedy: "run `sandlot doctor` for more")
        }
    }

    private func preparation() throws -> MachinePreparation {
        try MachinePreparation(kind, host: host, settings: settings, assets: assets)
    }

    /// Makes a sandbox. Its machine has booted before `record` is called, but has nothing of the sandbox and runs nothing.
    public func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        try await launcher(spec).launch(record)
    }

    /// Connects to a machine that runs.
    public func attach(to reference: SandboxReference) async throws -> any Sandbox { try await link.attach(to: reference) }

    /// Reads the records in the data directory. Machines that were to be no sandbox and whose maker is gone are ended on the way.
    public func list(owner: OwnerLabel) async throws -> [SandboxReference] {
        try DraftMachine.endLeft()
        return try MachineFolder.list(host.dataDirectory, owner: owner, backend: kind.backend)
    }

    /// Ends the machine and deletes what it left.
    public func remove(_ reference: SandboxReference) async throws { try await removal.remove(reference) }

    /// Whether the settings have changed what such a sandbox gets.
    public func isOutdated(_ reference: SandboxReference, as spec: SandboxSpec) async throws -> Bool {
        guard let record = MachineFolder(reference.id, in: host.dataDirectory).read() else { return false }
        return record.locator["fingerprint"] != Self.fingerprint(try MachineShape(spec, settings: settings, kind: kind), spec)
    }

    private static func fingerprint(_ shape: MachineShape, _ spec: SandboxSpec) -> String {
        FileStamp.key(["\(shape)", spec.workspacePath?.string ?? "", spec.hostname])
    }

    /// Everything that can be refused is refused here, before anything is made.
    private func launcher(_ spec: SandboxSpec) throws -> MachineLauncher {
        func refuse(_ message: String, _ remedy: String) -> SandboxError {
            SandboxError(.unsupported, message, remedy: remedy, backend: kind.backend)
        }
        try EnvironmentFile.check(spec.environment)
        try check(hostname: spec.hostname)
        let shape = try MachineShape(spec, settings: settings, kind: kind)
        if spec.network != .none {
            throw refuse(
                "this backend's machines have no network", "use network 'none', or choose a backend with the capability network-open")
        }
        if case .mounted = spec.workspace {
            throw refuse("a machine cannot see a directory of the host", "let the workspace be synced: --sync instead of --workspace")
        }
        if case .directory = spec.home {
            throw refuse("a machine cannot see a home directory of the host", "let the home end with the sandbox")
        }
        if !spec.mounts.isEmpty {
            throw refuse(
                "a machine cannot see directories of the host", "drop the mounts, or choose a backend with the capability extra-mounts")
        }
        let paths = HostPaths(dataDirectory: host.dataDirectory)
        let root: FilePath?
        switch spec.image {
        case .backendDefault:
            root = try settings.rootDirectory.map { try paths.source($0, what: "the root directory", mustBeDirectory: true) }
        case .rootDirectory(let directory): root = try paths.source(directory, what: "the root directory", mustBeDirectory: true)
        case .reference(let name):
            throw refuse("this backend has no store of images, so '\(name)' cannot be used", "name a root directory, or another backend")
        }
        let workspace = try spec.workspacePath.map { try HostPaths.target($0) } ?? MachineShape.workspace
        // The words to the machine are lines, with blanks between.
        guard !workspace.string.contains(where: { $0.isNewline }) else {
            throw SandboxError(
                .invalidArgument, "the workspace's path holds a line feed", remedy: "use a plain path", backend: kind.backend)
        }
        let preparation = try preparation()
        return MachineLauncher(
            spec: spec, workspace: workspace, shape: shape, root: root, preparation: preparation, link: link,
            fingerprint: Self.fingerprint(shape, spec))
    }

    private func check(hostname: String) throws {
        let allowed = hostname.utf8.allSatisfy { byte in
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x2E
        }
        guard (1...63).contains(hostname.utf8.count), allowed, hostname.first != "-", hostname.first != "." else {
            throw SandboxError(
                .invalidArgument, "'\(hostname.prefix(80))' is not a host name", remedy: "use 1 to 63 letters, digits, '-' and '.'",
                backend: kind.backend)
        }
    }
}
