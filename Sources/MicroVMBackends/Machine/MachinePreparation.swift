import CSandlotMachine
import Glibc
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// What machines start from, made when it is first needed: kernel, first file system, image, the trial of KVM, the snapshot.
struct MachinePreparation: Sendable {
    let kind: MonitorKind
    let host: MachineHost
    let settings: MachineSettings
    let assets: AssetStore
    let monitor: any MachineMonitor
    let kernel: MachineKernel
    let guest: FilePath

    /// How long a trial of KVM may take; a machine that it can run boots in a fraction.
    private var trialDeadline: Duration { .seconds(kind.canEmulate ? 20 : settings.bootTimeout) }
    /// MiB and threads that a monitor may use beside its machine's memory and processors.
    private static let monitorMemory: UInt64 = 128
    private static let monitorThreads: UInt32 = 16

    init(_ kind: MonitorKind, host: MachineHost, settings: MachineSettings, assets: AssetStore) throws {
        self.kind = kind
        self.host = host
        self.settings = settings
        self.assets = assets
        monitor = try kind.monitor(host, settings)
        kernel = try MachineKernel.find(settings, for: kind)
        guest = try host.guest()
    }

    /// A plan for machines of this shape and root file system.
    func plan(name: String, _ shape: MachineShape, root: FilePath?) async throws -> MachinePlan {
        var plan = try await bootingPlan(name: name, shape, root: root)
        plan.acceleration = try await acceleration(plan)
        if settings.snapshots { plan.snapshot = try await snapshot(plan) }
        return plan
    }

    private func bootingPlan(name: String, _ shape: MachineShape, root: FilePath?) async throws -> MachinePlan {
        let image = try await GoldenImage(host: host, assets: assets).path(of: root)
        return MachinePlan(
            name: name, shape: shape, acceleration: kind.canEmulate ? .tcg : .kvm, kernel: try await kernelCopy(),
            ramdisk: try await ramdisk(), image: image, tickRate: kind.canEmulate ? try await tickRate() : 0)
    }

    /// Where the monitor of a sandbox is held to what its machine may use; nil where this host has no such groups, or this user may not make
    /// them. Inside, the guest holds the sandbox' processes to its limits in any case.
    func group(_ id: SandboxID) -> ControlGroup? {
        guard kind.holdsMonitorInGroup, host.isRoot else { return nil }
        let layout = CgroupLayout.detect()
        let controllers = Set(layout.parents.keys).intersection([.memory, .pids])
        guard !controllers.isEmpty else { return nil }
        return ControlGroup.planned(for: id, controllers: controllers, layout: layout)
    }

    func groupLimits(_ shape: MachineShape) -> ResourceLimits {
        ResourceLimits(
            memory: (UInt64(shape.memory) + Self.monitorMemory) << 20, processes: UInt32(shape.processors) + Self.monitorThreads)
    }

    /// A copy that other users may read, and that outlives an update of the host's.
    private func kernelCopy() async throws -> FilePath {
        let source = kernel.image
        let form = kind.wantsPlainKernel ? "plain-kernel-" : "kernel-"
        return try await assets.asset(form + FileStamp.key([try FileStamp(source).text])) { [host, kind] draft in
            if kind.wantsPlainKernel {
                try await PackedKernel(source).unpack(to: draft, host)
            } else {
                let copied = try await CommandRunner(keeper: host.keeper).run("/bin/cp", ["-L", "--", source.string, draft.string])
                guard copied.isSuccess else { throw SandboxError(.unavailable, "copying \(source) failed: \(copied.errorText)") }
            }
            guard chmod(draft.string, 0o644) == 0 else { throw SandboxError.system("setting the mode of \(draft)", errno) }
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
        guard kind.canEmulate else {
            try checkKVM()
            if let complaint = try await kvmComplaint(plan) { throw unusable(complaint) }
            return .kvm
        }
        switch settings.acceleration {
        case .tcg: return .tcg
        case .kvm: return .kvm
        case .auto: return try await kvmComplaint(plan) == nil ? .kvm : .tcg
        }
    }

    private func unusable(_ complaint: String) -> SandboxError {
        SandboxError(
            .unavailable, "KVM cannot run its machines here: \(complaint)",
            remedy: "use a host whose KVM works, or the backend qemu, which needs none; `sandlot firecracker setup` tries again",
            backend: kind.backend)
    }

    /// Tries KVM anew, whatever an earlier trial said, and throws when a machine does not boot with it.
    func tryKVM(_ shape: MachineShape) async throws {
        try await assets.discard(try trialName())
        _ = try await acceleration(try await bootingPlan(name: try DraftMachine.name(), shape, root: settings.rootDirectory))
    }

    /// What is known without a trial: throws where KVM is missing or an earlier trial failed.
    func checkKVM() throws {
        if let complaint = Self.deviceComplaint() {
            throw SandboxError(.unavailable, complaint, remedy: Self.deviceRemedy(), backend: kind.backend)
        }
        if let known = try knownVerdict(), !known.isEmpty { throw unusable(known) }
    }

    private static func deviceComplaint() -> String? {
        access("/dev/kvm", R_OK | W_OK) == 0 ? nil : "/dev/kvm: \(SandboxError.reason(of: errno))"
    }

    /// What is to be done about a device that cannot be opened.
    private static func deviceRemedy() -> String {
        HostDirectory.exists("/dev/kvm")
            ? "let this user open it: usermod -aG kvm USER, then log in again; or use the backend qemu, which needs none"
            : "switch virtualization on (in the firmware, or nested by whoever runs this machine) and load kvm_intel or kvm_amd; or use the "
                + "backend qemu, which needs none"
    }

    /// Empty where a trial machine booted; nil where none was tried since the host has started.
    private func knownVerdict() throws -> String? {
        try HostDirectory.contents(assets.directory.appending(try trialName())).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Why KVM is not used here; nil where a trial machine booted with it.
    private func kvmComplaint(_ plan: MachinePlan) async throws -> String? {
        if let complaint = Self.deviceComplaint() { return complaint }
        let file = try await assets.asset(try trialName()) { [self] draft in
            var trial = plan
            trial.acceleration = .kvm
            trial.name = try DraftMachine.name()
            var verdict = ""
            do {
                try await boot(trial, in: FilePath(draft.string + ".machine"), deadline: trialDeadline) { _, _ in }
            } catch let error as SandboxError where error.code == .unavailable || error.code == .timeout {
                verdict = error.message
            }
            host.logger.info("KVM was tried", metadata: ["verdict": "\(verdict.isEmpty ? "works" : verdict)"])
            try HostDirectory.replace(draft, with: Array(verdict.utf8), survivesPowerLoss: false)
        }
        let text = String(decoding: try HostDirectory.contents(file) ?? [], as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    private func trialName() throws -> String {
        "trial-"
            + FileStamp.key([try ProcessIdentity.currentBoot(), try FileStamp(monitor.program).text, try FileStamp(kernel.image).text])
    }

    /// What is known without a trial, for people.
    func accelerationWords() throws -> String {
        if kind.canEmulate {
            switch settings.acceleration {
            case .tcg: return "emulation, by the settings"
            case .kvm: return "KVM, by the settings"
            case .auto: break
            }
        }
        let otherwise = kind.canEmulate ? "emulation" : "none"
        if let complaint = Self.deviceComplaint() { return "\(otherwise) (\(complaint))" }
        guard let verdict = try knownVerdict() else {
            return kind.canEmulate ? "KVM where the first machine boots with it, else emulation" : "KVM, to be tried with the first machine"
        }
        return verdict.isEmpty ? "KVM" : "\(otherwise) (KVM failed: \(verdict))"
    }

    // MARK: Snapshots

    private func snapshotName(_ plan: MachinePlan) throws -> String {
        "snapshot-"
            + FileStamp.key(
                [
                    plan.kernel.string, plan.ramdisk.string, plan.image.string, plan.acceleration.rawValue,
                    try FileStamp(monitor.program).text,
                ]
                    + plan.shape.machineTexts + (try monitor.traits(of: plan)))
    }

    /// The folder of a machine's state before it became a sandbox; nil where none can be made, and then machines boot.
    private func snapshot(_ plan: MachinePlan) async throws -> FilePath? {
        do {
            return try await assets.asset(try snapshotName(plan)) { [self] draft in
                var golden = plan
                golden.name = try DraftMachine.name()
                try await boot(golden, in: draft, deadline: .seconds(settings.bootTimeout)) { [host] machine, folder in
                    try await machine.save(folder.path)
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

    /// Boots a machine that becomes no sandbox, in a new folder, until it is ready; what it saved stays in the folder, the rest is removed, and
    /// the machine ended.
    private func boot(
        _ plan: MachinePlan, in path: FilePath, deadline: Duration,
        _ work: @Sendable (StartedMachine, MachineFolder) async throws -> Void
    ) async throws {
        try DraftMachine.endLeft()
        try HostDirectory.create(path, mode: 0o700)
        let folder = MachineFolder(path: path, name: plan.name)
        do {
            let disk = OwnedDescriptor(open(folder.disk.string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
            guard disk.raw >= 0, ftruncate(disk.raw, off_t(plan.shape.capacity)) == 0 else {
                throw SandboxError.system("making \(folder.disk)", errno)
            }
            var booting = plan
            booting.snapshot = nil
            let terms = MachineTerms(endsWithUs: true, fileLimit: nil, isSavable: true)
            let machine = try await monitor.start(booting, in: folder, terms)
            do {
                let entrance = kind.entrance(to: folder, keeper: host.keeper)
                try await MachineBoot(entrance: entrance, process: machine.process, deadline: deadline).ready().close()
                try await work(machine, folder)
            } catch {
                await machine.end()
                throw error
            }
            await machine.end()
            let saved = kind.savedFiles
            let names = try HostDirectory.names(in: path)
            for name in names where !saved.contains(name) { try await HostDirectory.remove(path.appending(name)) }
            if !names.contains(where: saved.contains) { try await HostDirectory.remove(path) }
        } catch {
            try? await HostDirectory.remove(path)
            throw error
        }
    }
}
