import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// Starts machines with Firecracker, which its jailer locks in.
struct FirecrackerMachine: MachineMonitor {
    let host: MachineHost
    let program: FilePath
    /// Nil where the settings say that there shall be none.
    private let jail: Jail?

    private struct Jail {
        let jailer: FilePath
        /// Gives it a network of its own, in which there is nothing.
        let unshare: FilePath
    }

    /// The guest's number on the socket between host and machine; each machine has a host of its own there.
    private static let guestNumber: UInt32 = 3
    private static let socketDeadline = Duration.seconds(60)
    static let remedy = "run `sandlot firecracker setup`, or name it by the setting "

    init(host: MachineHost, settings: MachineSettings) throws {
        self.host = host
        let tools = FirecrackerTools(host: host)
        program = try tools.find("firecracker", setting: settings.monitor, key: "firecracker_path")
        guard settings.isJailed else {
            jail = nil
            return
        }
        guard host.isRoot else {
            throw SandboxError(
                .unavailable, "only root can lock Firecracker in with its jailer",
                remedy: "run Sandlot as root, or set backends.firecracker.jailer = false, which leaves Firecracker's own system call filter"
            )
        }
        let jailer = try tools.find("jailer", setting: settings.jailer, key: "jailer_path")
        guard let unshare = host.program("unshare") else {
            throw SandboxError(
                .unavailable, "there is no unshare, which gives Firecracker a network of its own",
                remedy: "install it: apt-get install util-linux")
        }
        jail = Jail(jailer: jailer, unshare: unshare)
    }

    func version() async throws -> String {
        let answer = try await CommandRunner(keeper: host.keeper).run(program, ["--version"])
        let line = answer.outputText.split(separator: "\n").first.map(String.init) ?? ""
        guard answer.isSuccess, line.hasPrefix("Firecracker v") else {
            throw SandboxError(
                .unavailable, "\(program) --version failed: \(answer.errorText.prefix(200))", remedy: Self.remedy + "firecracker_path")
        }
        return line
    }

    /// How its process is held, for people.
    var confinement: String {
        jail == nil
            ? "only Firecracker's own system call filter (jailer = false)" : "jailer: a user, root and network of its own for each machine"
    }

    func traits(of plan: MachinePlan) throws -> [String] { [Self.kernelLine] }

    private static let kernelLine = [
        "console=ttyS0", "quiet", "panic=-1", "reboot=k", "i8042.noaux", "i8042.nomux", "i8042.dumbkbd", "8250.nr_uarts=1", "rdinit=/init",
        "machine", "sandlot.image=vda", "sandlot.scratch=vdb", "sandlot.vsock=\(MachineSockets.port)",
    ].joined(separator: " ")

    func start(_ plan: MachinePlan, in folder: MachineFolder, _ terms: MachineTerms) async throws -> StartedMachine {
        let room = FirecrackerRoom(folder)
        let number = MachineHost.user(ofMachine: folder.name)
        let user = jail == nil ? nil : SpawnRequest.User(uid: number, gid: number)
        if jail == nil {
            host.logger.warning(
                "a machine's Firecracker runs without its jailer, as the settings say", metadata: ["machine": "\(folder.name)"])
        }
        try room.furnish(plan, disk: folder.disk, owner: user)
        let process = try await spawn(folder, room, user, terms)
        let client: FirecrackerClient
        do {
            client = try await connect(to: room, process)
            try await client.log(.warning)
            if plan.snapshot != nil { try await wake(client) } else { try await boot(plan, client) }
        } catch {
            try? process.signal(SIGKILL)
            _ = try? await process.wait()
            throw (error as? SandboxError).map { folder.explained($0) } ?? error
        }
        return StartedMachine(process: process) { target in
            try await client.set(.paused)
            try await client.create(
                FirecrackerRequest.SnapshotCreation(snapshotPath: FirecrackerRoom.state, memFilePath: FirecrackerRoom.memory))
            for name in [FirecrackerRoom.state, FirecrackerRoom.memory] {
                try await host.keep(room.path.appending(name), as: target.appending(name))
            }
        }
    }

    private func spawn(
        _ folder: MachineFolder, _ room: FirecrackerRoom, _ user: SpawnRequest.User?, _ terms: MachineTerms
    ) async throws -> HostProcess {
        let console = OwnedDescriptor(open(folder.console.string, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard console.raw >= 0 else { throw SandboxError.system("making \(folder.console)", errno) }
        let own = ["--api-sock", FirecrackerRoom.control]
        var line: [String]
        if let jail, let user {
            line = [jail.unshare.string, "--net", "--", jail.jailer.string, "--id", folder.name, "--exec-file", program.string]
            line += ["--uid", "\(user.uid)", "--gid", "\(user.gid)", "--chroot-base-dir", FirecrackerRoom.base(folder).string]
            if let limit = terms.fileLimit { line += ["--resource-limit", "fsize=\(limit)"] }
            line += ["--"] + own
        } else {
            line = [program.string, "--id", folder.name] + own
        }
        var request = SpawnRequest(
            executable: jail?.unshare ?? program, arguments: line, environment: ["PATH": "/usr/bin:/bin"], workingDirectory: room.path)
        request.descriptors = [1: console, 2: console]
        // Never in the session of whoever made it: a key that interrupts a terminal is not for the machine.
        request.leadsSession = true
        request.noNewPrivileges = true
        request.limits = [SpawnRequest.Limit(resource: 4, value: 0)]
        if jail == nil, let limit = terms.fileLimit { request.limits.append(SpawnRequest.Limit(resource: 1, value: limit)) }
        request.groups = terms.groups
        request.umask = 0o077
        // The kernel forgets it when the jailer changes the user; a guest that was told to ends with its lifeline.
        request.parentDeathSignal = terms.endsWithUs ? SIGKILL : 0
        let process = try await host.keeper.spawn(request)
        console.close()
        return process
    }

    /// Nothing tells when a socket begins to be listened at: its name is there before.
    private func connect(to room: FirecrackerRoom, _ process: HostProcess) async throws -> FirecrackerClient {
        try await withDeadline(Self.socketDeadline, for: "the control socket of Firecracker") {
            while true {
                guard process.ending == nil else { throw SandboxError(.unavailable, "Firecracker ended before it could be spoken with") }
                do {
                    try UnixSocket.connect(to: FirecrackerRoom.control, in: room.path).close()
                    return try FirecrackerClient(FirecrackerRoom.control, in: room.path, logger: host.logger)
                } catch let error as SandboxError where error.code != .denied {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }
    }

    private func boot(_ plan: MachinePlan, _ client: FirecrackerClient) async throws {
        try await client.configure(
            FirecrackerRequest.MachineConfiguration(vcpuCount: plan.shape.processors, memSizeMib: plan.shape.memory))
        try await client.configure(
            FirecrackerRequest.BootSource(
                kernelImagePath: FirecrackerRoom.kernel, initrdPath: FirecrackerRoom.ramdisk, bootArgs: Self.kernelLine))
        // In the order in which the kernel's line names them.
        for (name, isReadOnly) in [(FirecrackerRoom.image, true), (FirecrackerRoom.disk, false)] {
            try await client.add(FirecrackerRequest.Drive(driveId: name, pathOnHost: name, isReadOnly: isReadOnly))
        }
        try await client.add(FirecrackerRequest.Vsock(guestCid: Self.guestNumber, udsPath: FirecrackerRoom.vsock))
        try await client.addEntropy()
        try await client.act(.start)
    }

    private func wake(_ client: FirecrackerClient) async throws {
        try await client.load(
            FirecrackerRequest.SnapshotLoading(
                snapshotPath: FirecrackerRoom.state, memBackend: .init(backendPath: FirecrackerRoom.memory), resumeVm: true))
    }
}

extension MachineHost {
    /// Puts a file that a monitor wrote in a place where other machines read it, without the room that its zeros take.
    fileprivate func keep(_ source: FilePath, as target: FilePath) async throws {
        let copied = try await CommandRunner(keeper: keeper).run(
            "/bin/cp", ["--sparse=always", "--", source.string, target.string], deadline: .seconds(120))
        guard copied.isSuccess, chmod(target.string, 0o644) == 0 else {
            throw SandboxError(.unavailable, "keeping \(source) failed: \(copied.errorText)", remedy: "see whether the disk is full")
        }
    }
}
