import SandboxCore
import SandboxSettings

/// `-m`, `--cpus`, `--pids-limit`, `--disk` and `--gpus`, over what the settings say.
enum LimitArguments {
    static func resolve(
        memory: String?, processors: Double?, processes: Int?, disk: String?, gpus: String? = nil, over limits: ResourceLimits
    ) throws -> ResourceLimits {
        var limits = limits
        if let memory { limits.memory = try unlimited(ByteSize.parse(memory)) }
        if let processors {
            guard processors >= 0, processors.isFinite else {
                throw SandboxError(
                    .invalidArgument, "--cpus \(processors) makes no sense", remedy: "use a number such as 1.5, or 0 for no limit")
            }
            limits.processors = processors == 0 ? nil : processors
        }
        if let processes {
            guard processes >= -1, processes <= Int(UInt32.max) else {
                throw SandboxError(
                    .invalidArgument, "--pids-limit \(processes) makes no sense", remedy: "use a number such as 100, or 0 for no limit")
            }
            limits.processes = processes <= 0 ? nil : UInt32(processes)
        }
        if let disk { limits.disk = try unlimited(ByteSize.parse(disk)) }
        if let gpus {
            limits.gpus = GPUShare(gpus)
            guard limits.gpus != nil || gpus == "0" else {
                throw SandboxError(
                    .invalidArgument, "--gpus '\(gpus)' makes no sense", remedy: "use 'all', a number such as 1, or 0 for none")
            }
        }
        return limits
    }

    private static func unlimited(_ bytes: UInt64) -> UInt64? { bytes == 0 ? nil : bytes }
}
