import SandboxCore
import SandboxProcess
import SystemPackage

/// The kinds of monitor, and what is known of each without having one.
enum MonitorKind: Sendable {
    case qemu
    case firecracker

    var backend: BackendID {
        switch self {
        case .qemu: BackendID(unchecked: "qemu")
        case .firecracker: BackendID(unchecked: "firecracker")
        }
    }

    /// The kernel's modules that its devices need, and those for a disk above an image.
    var modules: [String] {
        let devices = self == .qemu ? ["virtio_console"] : ["vmw_vsock_virtio_transport", "virtio_rng"]
        return ["virtio_mmio", "virtio_blk"] + devices + ["overlay", "ext4"]
    }

    /// Whether it runs machines also where KVM does not.
    var canEmulate: Bool { self == .qemu }

    /// Whether it starts a kernel only in the form that its makers link it in, not packed.
    var wantsPlainKernel: Bool { self == .firecracker }

    /// Whether a monitor's own memory is known well enough to limit it. By emulation it is not.
    var holdsMonitorInGroup: Bool { self == .firecracker }

    /// The most processors of one machine.
    var mostProcessors: Int { self == .qemu ? 64 : 32 }

    /// The files of a saved machine.
    var savedFiles: [String] {
        switch self {
        case .qemu: [QemuMachine.stateName]
        case .firecracker: [FirecrackerRoom.state, FirecrackerRoom.memory]
        }
    }

    func entrance(to folder: MachineFolder, keeper: ProcessKeeper) -> any MachineEntrance {
        switch self {
        case .qemu: MachinePorts(folder, keeper: keeper)
        case .firecracker: MachineSockets(folder, keeper: keeper)
        }
    }

    /// Finds its programs, or says what is missing.
    func monitor(_ host: MachineHost, _ settings: MachineSettings) throws -> any MachineMonitor {
        switch self {
        case .qemu: try QemuMachine(host: host, settings: settings)
        case .firecracker: try FirecrackerMachine(host: host, settings: settings)
        }
    }
}
