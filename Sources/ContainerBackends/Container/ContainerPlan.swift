import GuestClient
import Foundation
import Glibc
import SandboxCore
import SandboxHTTP
import SandboxProcess
import SystemPackage

/// Everything that the engine is told about one sandbox. Making it touches nothing; what cannot be enforced throws.
///
/// No value of an environment is in it: environments go to each exec over the channel, so the engine's `inspect` holds no secret.
struct ContainerPlan {
    /// Where things are inside.
    enum Place {
        static let guest: FilePath = "/.sandlot/guest"
        static let door: FilePath = "/.sandlot/door"
        static let state: FilePath = "/.sandlot/state"
        static let workspace: FilePath = "/workspace"
        static let home: FilePath = "/home/sandbox"
        static let temporary: FilePath = "/tmp"
    }

    let body: EngineMessage.Create
    let name: String
    let user: ContainerUser
    let folder: ContainerFolder
    let delivery: Delivery
    let files: ContainerFiles
    let locator: [String: String]
    /// Of everything that shapes the container but its image: that is chosen anew for new sandboxes only.
    let fingerprint: String

    /// The guest's threads and the engine's own process count against the limit too.
    private static let ownProcesses: Int64 = 8
    private static let smallestMemory: UInt64 = 16 << 20

    /// The host's hardware, and where its kernel lies in memory. Engines skip what is not there.
    private static let hardware = [
        "/sys/class/dmi", "/sys/devices/virtual/dmi", "/sys/devices/virtual/powercap", "/sys/class/block", "/sys/kernel/vmcoreinfo",
        "/sys/kernel/notes",
    ]
    /// What engines mask by themselves where nothing is asked for.
    private static let usual = [
        "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/interrupts", "/sys/firmware",
    ]

    init(_ spec: SandboxSpec, image: String, engine: EngineAPI, host: HostFacts, settings: ContainerSettings) throws {
        try Self.check(spec, engine)
        let folder = ContainerFolder(spec.id, in: host.dataDirectory)
        self.folder = folder
        name = ContainerLabels.name(of: spec.id)
        let inside = try spec.workspacePath.map { try HostPaths.target($0) } ?? Place.workspace
        delivery = Delivery.choose(engine, settings)
        files = try ContainerFiles(spec, at: inside, delivery: delivery, folder: folder, host: host, engine: engine, settings: settings)
        user = ContainerUser.choose(
            spec, workspace: files.mountedWorkspace, delivery: delivery, host: host, settings: settings, engine: engine)

        var locator = ["workspace": inside.string, "home": Place.home.string, "delivery": delivery.rawValue]
        if !spec.environment.isEmpty { locator["environment"] = Place.state.appending("environment").string }

        let isRootless = engine.facts.isRootless
        var namespace: String?
        // Elsewhere there is no owner of files on this machine to be.
        if isRootless, delivery == .mounted, case .kept(let mode) = engine.dialect.rootlessUser { namespace = mode }
        let network = isRootless ? engine.dialect.openNetworkRootless : engine.dialect.openNetwork
        let limits = spec.limits
        let memory = limits.memory.map { Int64(clamping: $0) }
        var hostConfiguration = EngineMessage.Create.Host(
            NetworkMode: spec.network == .none ? "none" : network, UsernsMode: namespace, ReadonlyRootfs: settings.readOnlyRoot,
            AutoRemove: spec.endsWithCreator,
            PidsLimit: (limits.processes.map { Int64($0) } ?? Int64(settings.processes)) + Self.ownProcesses, Memory: memory,
            // The same number for both leaves nothing to be swapped out beyond the limit.
            MemorySwap: memory, NanoCpus: limits.processors.map { Int64(($0 * 1e9).rounded()) },
            Tmpfs: ["/run": "rw,nosuid,nodev,size=64m,mode=1777", Place.state.string: "rw,nosuid,nodev,noexec,size=1m,mode=1777"],
            Mounts: files.mounts)
        if let gpus = limits.gpus {
            let count = if case .count(let count) = gpus { Int(count) } else { -1 }
            hostConfiguration.DeviceRequests = [EngineMessage.Create.DeviceRequest(Count: count)]
        }
        switch engine.dialect.masking {
        case .list: hostConfiguration.MaskedPaths = Self.usual + Self.hardware
        case .option: hostConfiguration.SecurityOpt.append("mask=" + Self.hardware.joined(separator: ":"))
        }
        var arguments = [
            "serve", "--filter-calls", "--cwd", inside.string, "--sandbox", spec.id.rawValue, "--own-cgroups", "/sys/fs/cgroup",
        ]
        switch delivery {
        case .mounted:
            arguments += ["--door", Place.door.appending("socket").string] + (spec.endsWithCreator ? ["--end-with-door"] : [])
        case .sent: arguments += ["--listen-abstract", spec.id.rawValue] + (spec.endsWithCreator ? ["--end-with-first"] : [])
        }
        if engine.dialect.hasHatches, let hatch = settings.hatch {
            let opening = try HatchOpening(hatch, engine: engine, delivery: delivery, user: user.outside)
            opening.apply(to: &hostConfiguration, &arguments)
            locator.merge(opening.locator) { $1 }
        }
        var body = EngineMessage.Create(
            Image: image, Hostname: spec.hostname, User: "\(user.inside.uid):\(user.inside.gid)", WorkingDir: inside.string,
            Entrypoint: [Place.guest.string], Cmd: arguments, Labels: [:], HostConfig: hostConfiguration)
        body.Labels = ContainerLabels.identifying(spec.id, owner: spec.owner, backend: engine.dialect.id)
        fingerprint = try Self.fingerprint(body)
        body.Labels[ContainerLabels.fingerprint] = fingerprint
        body.Labels[ContainerLabels.session] = spec.session?.rawValue
        body.Labels[ContainerLabels.boot] = try HostBoot.identity()
        self.body = body
        self.locator = locator
    }

    private static func fingerprint(_ body: EngineMessage.Create) throws -> String {
        var shape = body
        shape.Image = ""
        // Where our own executable lies says nothing about the sandbox.
        for index in shape.HostConfig.Mounts.indices where shape.HostConfig.Mounts[index].Target == Place.guest.string {
            shape.HostConfig.Mounts[index].Source = ""
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Digest.hex(Array(try encoder.encode(shape)))
    }

    private static func check(_ spec: SandboxSpec, _ engine: EngineAPI) throws {
        func refuse(_ code: SandboxError.Code, _ message: String, _ remedy: String) -> SandboxError {
            SandboxError(code, message, remedy: remedy, backend: engine.dialect.id)
        }
        try EnvironmentFile.check(spec.environment)
        try HostName.check(spec.hostname, backend: engine.dialect.id)
        let limits = spec.limits
        let remedy = "drop the limit, or give the engine the control group for it"
        if limits.disk != nil {
            throw refuse(
                .unsupported, "a disk limit cannot be enforced by this backend",
                "drop it, or choose a backend with the capability disk-limit")
        }
        if limits.gpus != nil, !engine.dialect.givesGPUs {
            throw refuse(
                .unsupported, "\(engine.dialect.name)'s API gives no GPUs", "drop --gpus, or choose a backend with the capability gpus")
        }
        if let memory = limits.memory {
            guard memory >= smallestMemory else {
                throw refuse(.invalidArgument, "a memory limit of \(memory) bytes is too small", "use at least 16 MiB")
            }
            guard engine.facts.limitsMemory else { throw refuse(.unsupported, "this engine cannot limit memory", remedy) }
        }
        if let processors = limits.processors {
            guard processors >= 0.01, processors <= 4096 else {
                throw refuse(.invalidArgument, "a limit of \(processors) processors makes no sense", "use 0.01 to 4096")
            }
            guard engine.facts.limitsProcessors else { throw refuse(.unsupported, "this engine cannot limit processors", remedy) }
        }
        if let processes = limits.processes {
            guard processes > 0 else { throw refuse(.invalidArgument, "a limit of 0 processes leaves no command to run", "use at least 1") }
            guard engine.facts.limitsProcesses else { throw refuse(.unsupported, "this engine cannot limit processes", remedy) }
        }
        if spec.network == .open, !engine.facts.opensNetwork {
            throw refuse(
                .unsupported, "this engine cannot open the network: \(EngineFacts.noTunnel)", "let that user use it, or use network 'none'")
        }
    }
}
