import Glibc
import SandboxCore
import SandboxProcess

/// How the limits of one sandbox are enforced here; every limit asked for is in it, or making it threw.
struct LimitEnforcement {
    /// Nil where no limit needs one.
    var group: ControlGroup?
    /// The limits that go to the group, with the allowance for our own processes.
    var groupLimits: ResourceLimits
    var perProcess: [SpawnRequest.Limit]
    /// What the guest shall set for itself and all commands: counted in the sandbox' own user namespace.
    var inside: UInt32?

    /// Below this the guest itself would not live.
    static let smallestMemory: UInt64 = 16 << 20

    /// - Parameters:
    ///   - ownProcesses: processes of ours that live in the group beside the sandbox' commands.
    ///   - isRoot: the kernel does not count root's processes against RLIMIT_NPROC.
    ///   - hasUserNamespace: processes can be counted inside, apart from the user's others.
    ///   - alwaysGroup: a group is wanted for finding the processes again, even where no limit needs it.
    init(
        _ limits: ResourceLimits, for id: SandboxID, layout: CgroupLayout, ownProcesses: UInt32, isRoot: Bool,
        hasUserNamespace: Bool = false, alwaysGroup: Bool = false
    ) throws {
        if limits.disk != nil {
            throw SandboxError(
                .unsupported, "a disk limit cannot be enforced by this backend",
                remedy: "drop the disk limit, or choose a backend with the capability disk-limit")
        }
        if limits.gpus != nil {
            throw SandboxError(
                .unsupported, "this backend gives no GPUs", remedy: "drop --gpus, or choose a backend with the capability gpus")
        }
        if let memory = limits.memory, memory < Self.smallestMemory {
            throw SandboxError(.invalidArgument, "a memory limit of \(memory) bytes is too small", remedy: "use at least 16 MiB")
        }
        if let processors = limits.processors, !(processors >= 0.01 && processors <= 4096) {
            throw SandboxError(.invalidArgument, "a limit of \(processors) processors makes no sense", remedy: "use 0.01 to 4096")
        }
        if limits.processes == 0 { throw SandboxError(.invalidArgument, "a limit of 0 processes leaves no command to run") }
        perProcess = []
        groupLimits = ResourceLimits()
        var controllers: Set<CgroupLayout.Controller> = []
        let remedy = "run where a control group can be made (as root, or in a delegated cgroup v2 folder), or drop the limit"
        if let memory = limits.memory {
            if layout.parents[.memory] != nil {
                controllers.insert(.memory)
                groupLimits.memory = memory
            } else {
                perProcess.append(SpawnRequest.Limit(resource: numberOfMemoryLimit, value: memory))
            }
        }
        if let processes = limits.processes {
            if layout.parents[.pids] != nil {
                controllers.insert(.pids)
                groupLimits.processes = processes.addingReportingOverflow(ownProcesses).partialValue
            } else if hasUserNamespace && !isRoot {
                inside = processes.addingReportingOverflow(1).partialValue
            } else {
                // RLIMIT_NPROC does not bind root, and elsewhere it would count all that the user runs on this machine.
                throw SandboxError(.unsupported, "a process limit cannot be enforced without the pids control group", remedy: remedy)
            }
        }
        if let processors = limits.processors {
            guard layout.parents[.cpu] != nil else {
                throw SandboxError(.unsupported, "a processor limit cannot be enforced without the cpu control group", remedy: remedy)
            }
            controllers.insert(.cpu)
            groupLimits.processors = processors
        }
        if alwaysGroup, controllers.isEmpty, let any = CgroupLayout.Controller.allCases.last(where: { layout.parents[$0] != nil }) {
            controllers.insert(any)
        }
        if !controllers.isEmpty { group = ControlGroup.planned(for: id, controllers: controllers, layout: layout) }
    }

    /// Has a memory limit of one process count what it may write to instead of what it may address: a runtime reserves far more than it uses.
    mutating func countsWrittenMemory() {
        for index in perProcess.indices where perProcess[index].resource == numberOfMemoryLimit {
            perProcess[index].resource = numberOfDataLimit
        }
    }

    /// The description without the limits that nothing can hold on this machine for this user.
    static func narrowed(
        _ description: BackendDescriptor, layout: CgroupLayout, isRoot: Bool, hasUserNamespace: Bool = false
    ) -> BackendDescriptor {
        var descriptor = description
        if layout.parents[.cpu] == nil { descriptor.capabilities.remove(.processorLimit) }
        if layout.parents[.pids] == nil && (isRoot || !hasUserNamespace) { descriptor.capabilities.remove(.processLimit) }
        return descriptor
    }

    /// What enforces which limit, for a probe's details.
    static func details(_ layout: CgroupLayout, isRoot: Bool, hasUserNamespace: Bool = false) -> [String: String] {
        let version = layout.isUnified ? "cgroup v2" : "cgroup v1"
        return [
            "limit.memory": layout.parents[.memory] != nil ? version : "rlimit per process",
            "limit.processes": layout.parents[.pids] != nil
                ? version : isRoot || !hasUserNamespace ? "refused" : "rlimit inside the sandbox",
            "limit.processors": layout.parents[.cpu] != nil ? version : "refused",
            "limit.disk": "refused",
        ]
    }
}

// Glibc declares them as enumerations with a different raw type on each architecture.
private let numberOfMemoryLimit: Int32 = 9
private let numberOfDataLimit: Int32 = 2
