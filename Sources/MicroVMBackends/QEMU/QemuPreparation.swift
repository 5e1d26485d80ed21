import CSandlotMachine
import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// What machines start from, made when it is first needed: the first file system, the image, the trial of KVM, the snapshot.
struct QemuPreparation: Sendable {
    let host: MachineHost
    let settings: MachineSettings
    let assets: AssetStore
    let machine: QemuMachine
    let kernel: MachineKernel
    let guest: FilePath

    /// Of a snapshot's folder.
    static let stateName = "state"
    /// How long a trial of KVM may take; a machine that it can run boots in a fraction.
    private static let trialDeadline = Duration.seconds(20)
    private static let saveDeadline = Duration.seconds(120)

    init(host: MachineHost, settings: MachineSettings, assets: AssetStore) throws {
        self.host = host
        self.settings = settings
        self.assets = assets
        guard let qemu = host.program("qemu-system-x86_64", setting: settings.monitor) else {
            let what = settings.monitor.map { "the setting qemu_path names '\($0)', which cannot be executed" }
            throw SandboxError(
                .unavailable, what ?? "qemu-system-x86_64 is not in PATH", remedy: "install it: apt-get install qemu-system-x86")
        }
        machine = QemuMachine(host: host, qemu: qemu)
        kernel = try MachineKernel.find(settings)
        guest = try host.guest()
    }

    /// A plan for machines of this shape and root file system.
    func plan(name: String, _ shape: MachineShape, root: FilePath?) async throws -> MachinePlan {
        let image = try await GoldenImage(host: host, assets: assets).path(of: root)
        var plan = MachinePlan(
            name: name, shape: shape, acceleration: .tcg, kernel: try await kernelCopy(), ramdisk: try await ramdisk(), image: image,
            tickRate: try await tickRate())
        plan.acceleration = try await acceleration(plan)
        if settings.snapshots { plan.snapshot = try await snapshot(plan)?.appending(Self.stateName) }
        return plan
    }

    /// A copy that other users may read, and that outlives an update of the host's.
    private func kernelCopy() async throws -> FilePath {
        let source = kernel.image
        return try await assets.asset("kernel-" + FileStamp.key([try FileStamp(source).text])) { [host] draft in
            let copied = try await CommandRunner(keeper: host.keeper).run("/bin/cp", ["-L", "--", source.string, draft.string])
            guard copied.isSuccess, chmod(draft.string, 0o644) == 0 else {
                throw SandboxError(.unavailable, "copying \(source) failed: \(copied.errorText)")
            }
        }
    }

    private func ramdisk() async throws -> FilePath {
        let (kernel, guest) = (kernel, guest)
        return try await assets.asset("ramdisk-" + FileStamp.key(try kernel.stamps() + [try FileStamp(guest).text])) { draft in
            func content(_ path: FilePath) throws -> [UInt8] {
                guard let bytes = try HostDirectory.contents(try HostPaths.real(path, what: "the file"), limit: 256 << 20) else {
                    throw SandboxError(.unavailable, "\(path) is gone")
                }
                return bytes
            }
            var disk = InitialRamdisk()
            for folder in ["dev", "modules"] { disk.addFolder(folder) }
            disk.addConsole()
            disk.addFile("init", executable: true, try content(guest))
            for (index, module) in kernel.modules.enumerated() {
                disk.addFile("modules/\(100 + index)-\(module.lastComponent?.string ?? "")", try content(module))
            }
            disk.finish()
            try HostDirectory.replace(draft, with: disk.bytes, survivesPowerLoss: false)
            guard chmod(draft.string, 0o644) == 0 else { throw SandboxError.system("setting the mode of \(draft)", errno) }
        }
    }

    /// Measured once for each boot of the host: it belongs to a machine's kind, and no two measurements are the same.
    private func tickRate() async throws -> UInt {
        let file = try await assets.asset("tick-rate-" + FileStamp.key([try ProcessIdentity.currentBoot()])) { draft in
            try HostDirectory.replace(draft, with: Array("\(sandlot_machine_tick_rate())".utf8), survivesPowerLoss: false)
        }
        guard let rate = UInt(String(decoding: try HostDirectory.contents(file) ?? [], as: UTF8.self)), rate > 100_000 else {
            throw SandboxError(
                .unsupported, "this processor has no counter that tells the time", remedy: "use a machine with an x86-64 processor")
        }
        return rate
    }

    // MARK: Acceleration

    /// What runs machines here. That `/dev/kvm` is there says little: on some hosts it starts machines that then do nothing.
    private func acceleration(_ plan: MachinePlan) async throws -> MachinePlan.Acceleration {
        switch settings.acceleration {
        case .tcg: return .tcg
        case .kvm: return .kvm
        case .auto: return try await kvmComplaint(plan) == nil ? .kvm : .tcg
        }
    }

    /// Why KVM is not used here; nil where a trial machine booted with it.
    private func kvmComplaint(_ plan: MachinePlan) async throws -> String? {
        guard access("/dev/kvm", R_OK | W_OK) == 0 else { return "/dev/kvm: \(SandboxError.reason(of: errno))" }
        let file = try await assets.asset(try trialName()) { [self] draft in
            var trial = plan
            trial.acceleration = .kvm
            trial.name = "sandlot-trial"
            var verdict = ""
            do {
                try await boot(trial, in: FilePath(draft.string + ".machine"), deadline: Self.trialDeadline) { _, _ in }
            } catch let error as SandboxError {
                verdict = error.message
            }
            host.logger.info("KVM was tried", metadata: ["verdict": "\(verdict.isEmpty ? "works" : verdict)"])
            try HostDirectory.replace(draft, with: Array(verdict.utf8), survivesPowerLoss: false)
        }
        let text = String(decoding: try HostDirectory.contents(file) ?? [], as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    private func trialName() throws -> String {
        "trial-" + FileStamp.key([try ProcessIdentity.currentBoot(), try FileStamp(machine.qemu).text, try FileStamp(kernel.image).text])
    }

    /// What is known without a trial, for people.
    func accelerationWords() throws -> String {
        switch settings.acceleration {
        case .tcg: return "emulation, by the settings"
        case .kvm: return "KVM, by the settings"
        case .auto: break
        }
        guard access("/dev/kvm", R_OK | W_OK) == 0 else { return "emulation (/dev/kvm: \(SandboxError.reason(of: errno)))" }
        guard let bytes = try HostDirectory.contents(assets.directory.appending(try trialName())) else {
            return "KVM where the first machine boots with it, else emulation"
        }
        return bytes.isEmpty ? "KVM" : "emulation (KVM failed: \(String(decoding: bytes, as: UTF8.self)))"
    }

    // MARK: Snapshots

    private func snapshotName(_ plan: MachinePlan) throws -> String {
        "snapshot-"
            + FileStamp.key(
                [plan.kernel.string, plan.ramdisk.string, plan.image.string, plan.acceleration.rawValue, try FileStamp(machine.qemu).text]
                    + plan.shape.machineTexts + QemuCommandLine(plan, hasControl: false).arguments.filter { $0 != plan.name })
    }

    /// The folder of a machine's state before it became a sandbox; nil where none can be made, and then machines boot.
    private func snapshot(_ plan: MachinePlan) async throws -> FilePath? {
        do {
            return try await assets.asset(try snapshotName(plan)) { [self] draft in
                var golden = plan
                golden.name = "sandlot-snapshot"
                try await boot(golden, in: draft, deadline: .seconds(settings.bootTimeout)) { [host] folder, control in
                    let file = OwnedDescriptor(
                        open(folder.path.appending(Self.stateName).string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644))
                    guard file.raw >= 0 else { throw SandboxError.system("making a snapshot in \(folder.path)", errno) }
                    try await withDeadline(Self.saveDeadline, for: "saving the machine") { try await control.save(to: file) }
                    host.logger.info("a machine's snapshot was made", metadata: ["folder": "\(folder.path)"])
                }
                guard chmod(draft.string, 0o711) == 0 else { throw SandboxError.system("opening \(draft)", errno) }
            }
        } catch let error as SandboxError where error.code != .timeout && error.code != .limitExceeded {
            host.logger.warning("no snapshot could be made, so machines boot", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// A snapshot that did not start a machine is of no use to the next one either.
    func forgetSnapshot(_ plan: MachinePlan) async throws { try await assets.discard(try snapshotName(plan)) }

    /// Boots a machine that becomes no sandbox, in a new folder, until it is ready; what `work` leaves in the folder but what it opened itself
    /// is removed, and the machine ended.
    private func boot(
        _ plan: MachinePlan, in path: FilePath, deadline: Duration, _ work: @Sendable (MachineFolder, QemuControl) async throws -> Void
    ) async throws {
        try HostDirectory.create(path, mode: 0o700)
        let folder = MachineFolder(path: path)
        do {
            let disk = OwnedDescriptor(open(folder.disk.string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
            guard disk.raw >= 0, ftruncate(disk.raw, off_t(plan.shape.capacity)) == 0 else {
                throw SandboxError.system("making \(folder.disk)", errno)
            }
            let (control, peer) = try QemuControl.pair(keeper: host.keeper)
            var booting = plan
            booting.snapshot = nil
            let process = try await machine.start(booting, in: folder, disk: disk, control: peer, endsWithUs: true, fileLimit: nil)
            do {
                let ports = MachinePorts(folder, keeper: host.keeper)
                try await MachineBoot(ports: ports, folder: folder, deadline: deadline).ready().close()
                try await work(folder, control)
            } catch {
                try? process.signal(SIGKILL)
                _ = try? await process.wait()
                throw error
            }
            try process.signal(SIGKILL)
            _ = try await process.wait()
            for name in try HostDirectory.names(in: path) where name != Self.stateName {
                try await HostDirectory.remove(path.appending(name))
            }
            if !HostDirectory.exists(path.appending(Self.stateName)) { try await HostDirectory.remove(path) }
        } catch {
            try? await HostDirectory.remove(path)
            throw error
        }
    }
}
