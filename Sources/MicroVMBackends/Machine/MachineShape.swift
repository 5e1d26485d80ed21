import GuestClient
import SandboxCore
import SandboxProcess
import SystemPackage

/// What a machine is made of, and what the sandbox in it may use. Making it touches nothing; what cannot be enforced throws.
struct MachineShape: Sendable, Equatable {
    /// MiB.
    var memory: Int
    var processors: Int
    /// Bytes that the disk's file can hold.
    var capacity: UInt64
    /// Bytes of the file system on the disk.
    var disk: UInt64
    /// Bytes that the sandbox' processes may use; the kernel of the machine holds it.
    var memoryLimit: UInt64
    var processLimit: UInt32?
    /// Microseconds of each tenth of a second.
    var processorLimit: Int?

    /// As many channels at once.
    static let ports = 8
    static let workspace: FilePath = "/workspace"
    static let home: FilePath = "/home/sandbox"
    static let state: FilePath = "/.sandlot/state"
    /// Whom the sandbox' processes are, inside.
    static let user = SpawnRequest.User(uid: 1000, gid: 1000)

    /// MiB that the machine's kernel and its file systems take beside a sandbox that uses all that it may.
    private static let overhead = 128
    private static let smallestMemory: UInt64 = 16 << 20
    private static let smallestDisk: UInt64 = 16 << 20
    /// The guest's own process and a supervisor for each running exec count too.
    private static let ownProcesses: UInt32 = 8

    init(_ spec: SandboxSpec, settings: MachineSettings, kind: MonitorKind) throws {
        func refuse(_ code: SandboxError.Code, _ message: String, _ remedy: String) -> SandboxError {
            SandboxError(code, message, remedy: remedy, backend: kind.backend)
        }
        let limits = spec.limits
        if limits.gpus != nil {
            throw refuse(.unsupported, "this backend gives no GPUs", "drop --gpus, or choose a backend with the capability gpus")
        }
        if let memory = limits.memory, memory < Self.smallestMemory || memory > 1 << 40 {
            throw refuse(.invalidArgument, "a memory limit of \(memory) bytes makes no sense", "use 16 MiB to 1 TiB")
        }
        if let disk = limits.disk, disk < Self.smallestDisk || disk > 1 << 43 {
            throw refuse(.invalidArgument, "a disk limit of \(disk) bytes makes no sense", "use 16 MiB to 8 TiB")
        }
        if let processors = limits.processors, !(processors >= 0.01 && processors <= Double(kind.mostProcessors)) {
            throw refuse(.invalidArgument, "a limit of \(processors) processors makes no sense", "use 0.01 to \(kind.mostProcessors)")
        }
        if limits.processes == 0 { throw refuse(.invalidArgument, "a limit of 0 processes leaves no command to run", "use at least 1") }
        // In steps, so that few kinds of machine are booted and kept.
        let wanted = limits.memory.map { Int(($0 + (1 << 20) - 1) >> 20) + Self.overhead } ?? 0
        memory = max(settings.memory, (wanted + 127) / 128 * 128)
        processors = min(kind.mostProcessors, max(settings.processors, limits.processors.map { Int($0.rounded(.up)) } ?? 1))
        let usual = UInt64(settings.disk) << 20
        disk = ((limits.disk ?? usual) >> 12) << 12
        capacity = max(usual, disk)
        memoryLimit = limits.memory ?? (UInt64(memory) << 20) / 5 * 4
        processLimit = limits.processes.map { $0.addingReportingOverflow(Self.ownProcesses).partialValue }
        processorLimit = limits.processors.map { max(1000, Int(($0 * 100_000).rounded())) }
    }

    /// What of it a machine is given before it becomes a sandbox.
    var machineTexts: [String] { ["memory \(memory)", "processors \(processors)", "disk \(capacity)", "ports \(Self.ports)"] }
}
