import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Starts machines with QEMU.
struct QemuMachine: Sendable {
    let host: MachineHost
    let qemu: FilePath

    /// Above the ranges that systemd and `subuid` hand out, and apart from that of containers.
    private static let firstOwn: UInt32 = 0x7200_0000

    /// Starts one in a folder that is there. QEMU's own complaints go where the machine's console goes.
    ///
    /// - Parameters:
    ///   - disk: open for reading and writing.
    ///   - control: our end's peer of a pair of sockets, for orders to QEMU itself.
    ///   - endsWithUs: whether the kernel ends it together with this process.
    ///   - fileLimit: the bytes that any file which it writes can have; nil for no limit.
    func start(
        _ plan: MachinePlan, in folder: MachineFolder, disk: OwnedDescriptor, control: OwnedDescriptor? = nil, endsWithUs: Bool,
        fileLimit: UInt64?
    ) async throws -> HostProcess {
        typealias Number = QemuCommandLine.Descriptor
        let console = OwnedDescriptor(open(folder.console.string, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard console.raw >= 0 else { throw SandboxError.system("making \(folder.console)", errno) }
        let line = QemuCommandLine(plan, hasControl: control != nil).arguments
        var request = SpawnRequest(
            executable: qemu, arguments: [qemu.string] + line, environment: ["PATH": "/usr/bin:/bin"], workingDirectory: "/")
        request.descriptors = [
            2: console, Number.console: console, Number.disk: disk,
            Number.image: try Self.reading(plan.image), Number.kernel: try Self.reading(plan.kernel),
            Number.ramdisk: try Self.reading(plan.ramdisk),
        ]
        for port in 0..<MachineShape.ports {
            request.descriptors[Number.firstPort + Int32(port)] = try Descriptors.listener(
                in: folder.path, name: MachineFolder.socketName(port))
        }
        request.descriptors[Number.control] = control
        if let snapshot = plan.snapshot { request.descriptors[Number.snapshot] = try Self.reading(snapshot) }
        // Never in the session of whoever made it: a key that interrupts a terminal is not for the machine.
        request.leadsSession = true
        request.noNewPrivileges = true
        request.user = user(plan)
        request.limits = [SpawnRequest.Limit(resource: 4, value: 0)]
        // A machine that gets at its monitor still cannot fill the host's disk.
        if let fileLimit { request.limits.append(SpawnRequest.Limit(resource: 1, value: fileLimit)) }
        request.umask = 0o077
        request.parentDeathSignal = endsWithUs ? SIGKILL : 0
        let process = try await host.keeper.spawn(request)
        // Our copies go, so that what only the machine holds ends with it.
        for descriptor in request.descriptors.values { descriptor.close() }
        return process
    }

    private static func reading(_ path: FilePath) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(open(path.string, O_RDONLY | O_CLOEXEC))
        guard file.raw >= 0 else { throw SandboxError.system("opening \(path)", errno) }
        return file
    }

    /// Root's machines run as a number that no account and no other machine has; only those that need KVM have its group.
    private func user(_ plan: MachinePlan) -> SpawnRequest.User? {
        guard host.isRoot else { return nil }
        let number = Self.firstOwn + (UInt32(Digest.hex(Array(plan.name.utf8)).prefix(6), radix: 16) ?? 0)
        var status = stat()
        let needsGroup = plan.acceleration == .kvm && stat("/dev/kvm", &status) == 0 && status.st_gid != 0
        return SpawnRequest.User(uid: number, gid: needsGroup ? status.st_gid : number)
    }
}
