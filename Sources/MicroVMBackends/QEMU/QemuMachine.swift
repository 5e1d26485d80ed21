import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Starts machines with QEMU.
struct QemuMachine: MachineMonitor {
    let host: MachineHost
    let program: FilePath

    /// Of a saved machine's only file.
    static let stateName = "state"
    private static let saveDeadline = Duration.seconds(120)
    private static let remedy = "install it: apt-get install qemu-system-x86"

    init(host: MachineHost, settings: MachineSettings) throws {
        self.host = host
        guard let program = host.program("qemu-system-x86_64", setting: settings.monitor) else {
            let what = settings.monitor.map { "the setting qemu_path names '\($0)', which cannot be executed" }
            throw SandboxError(.unavailable, what ?? "qemu-system-x86_64 is not in PATH", remedy: Self.remedy)
        }
        self.program = program
    }

    var confinement: String {
        "its own system call filter" + (host.isRoot ? ", and a user without files for each machine" : "")
    }

    func version() async throws -> String {
        let answer = try await CommandRunner(keeper: host.keeper).run(program, ["--version"])
        let line = answer.outputText.split(separator: "\n").first.map(String.init) ?? ""
        guard answer.isSuccess, line.contains("version") else {
            throw SandboxError(.unavailable, "\(program) --version failed: \(answer.errorText.prefix(200))", remedy: Self.remedy)
        }
        return line
    }

    func traits(of plan: MachinePlan) throws -> [String] {
        QemuCommandLine(plan, hasControl: false).arguments.filter { $0 != plan.name }
    }

    func start(_ plan: MachinePlan, in folder: MachineFolder, _ terms: MachineTerms) async throws -> StartedMachine {
        guard terms.isSavable else {
            return StartedMachine(process: try await start(plan, folder, terms, control: nil)) { _ in
                throw SandboxError(.unsupported, "this machine was not started to be saved")
            }
        }
        let (control, peer) = try QemuControl.pair(keeper: host.keeper)
        return StartedMachine(process: try await start(plan, folder, terms, control: peer)) { target in
            let path = target.appending(Self.stateName)
            let file = OwnedDescriptor(open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644))
            guard file.raw >= 0 else { throw SandboxError.system("making \(path)", errno) }
            try await withDeadline(Self.saveDeadline, for: "saving the machine") { try await control.save(to: file) }
        }
    }

    /// With our end's peer of a pair of sockets, for orders to QEMU itself.
    private func start(
        _ plan: MachinePlan, _ folder: MachineFolder, _ terms: MachineTerms, control: OwnedDescriptor?
    ) async throws -> HostProcess {
        typealias Number = QemuCommandLine.Descriptor
        let disk = OwnedDescriptor(open(folder.disk.string, O_RDWR | O_CLOEXEC | O_NOFOLLOW))
        guard disk.raw >= 0 else { throw SandboxError.system("opening \(folder.disk)", errno) }
        let console = OwnedDescriptor(open(folder.console.string, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard console.raw >= 0 else { throw SandboxError.system("making \(folder.console)", errno) }
        let line = QemuCommandLine(plan, hasControl: control != nil).arguments
        var request = SpawnRequest(
            executable: program, arguments: [program.string] + line, environment: ["PATH": "/usr/bin:/bin"], workingDirectory: "/")
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
        if let snapshot = plan.snapshot { request.descriptors[Number.snapshot] = try Self.reading(snapshot.appending(Self.stateName)) }
        // Never in the session of whoever made it: a key that interrupts a terminal is not for the machine.
        request.leadsSession = true
        request.noNewPrivileges = true
        request.user = user(plan)
        request.limits = [SpawnRequest.Limit(resource: 4, value: 0)]
        // A machine that gets at its monitor still cannot fill the host's disk.
        if let fileLimit = terms.fileLimit { request.limits.append(SpawnRequest.Limit(resource: 1, value: fileLimit)) }
        request.umask = 0o077
        request.groups = terms.groups
        request.parentDeathSignal = terms.endsWithUs ? SIGKILL : 0
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
        let number = MachineHost.user(ofMachine: plan.name)
        var status = stat()
        let needsGroup = plan.acceleration == .kvm && stat("/dev/kvm", &status) == 0 && status.st_gid != 0
        return SpawnRequest.User(uid: number, gid: needsGroup ? status.st_gid : number)
    }
}
