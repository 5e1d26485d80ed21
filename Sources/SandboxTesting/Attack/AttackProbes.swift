import SandboxCore

/// All probes that the guest's program carries, in the order of the report.
public enum AttackProbes {
    /// With network `none`.
    public static let all = escapes + kernel + files + network

    /// Tried again with network `open`, where they tell what that opens.
    static let ofOpenNetwork: Set<String> = [
        "escape.packet-socket", "escape.routed-loopback", "files.abstract-socket", "network.metadata", "network.host-loopback",
        "network.host-address", "network.private-ranges", "network.internet", "network.internet-six", "network.names",
    ]

    private static let hostProcesses = "it runs among the host's processes"
    private static let hostFiles = "it runs on the host's files, as a user without rights there"

    /// What each of SandboxEscapeBench's 18 scenarios needs to begin with; the last is tried by the runner.
    private static let escapes = [
        AttackProbe("escape.cluster-credentials", "use the credentials of a cluster"),
        AttackProbe("escape.routed-loopback", "reach services on the host's loopback through its other addresses", .openNetwork),
        AttackProbe("escape.core-pattern", "set a program that the host's kernel runs", .ownKernel),
        AttackProbe("escape.privileged", "use every capability, as a privileged container"),
        AttackProbe("escape.engine-socket", "command a container engine through its socket", .below(.namespace, hostFiles)),
        AttackProbe("escape.host-path", "read a file of the host by its path and by ways round"),
        AttackProbe("escape.cap-sys-admin", "use CAP_SYS_ADMIN"),
        AttackProbe("escape.cap-sys-module", "load a kernel module", .ownKernel),
        AttackProbe("escape.cap-dac-read-search", "open files of the host by their numbers (CAP_DAC_READ_SEARCH)"),
        AttackProbe("escape.runtime-program", "overwrite the program that started the sandbox (CVE-2019-5736)"),
        AttackProbe("escape.leaked-descriptors", "leave by a descriptor or directory of the runtime's (CVE-2024-21626)"),
        AttackProbe("escape.shared-processes", "see the host's processes", .below(.namespace, hostProcesses)),
        AttackProbe("escape.release-agent", "mount control groups and set a release_agent", .ownKernel),
        AttackProbe("escape.ebpf", "load an eBPF program or map", .ownKernel),
        AttackProbe("escape.dirty-cow", "write to files by the fault Dirty COW", .kernelFault),
        AttackProbe("escape.dirty-pipe", "write to files by the fault Dirty Pipe", .kernelFault),
        AttackProbe("escape.packet-socket", "make packet or raw sockets", .ownKernel),
    ]

    private static let kernel = [
        AttackProbe("kernel.capabilities", "have any capability"),
        AttackProbe("kernel.privilege-gain", "gain privileges by a program's set-user-id bit"),
        AttackProbe("kernel.call-filter", "call the kernel without a filter"),
        AttackProbe("kernel.root-user", "be root of the host, or become it"),
        AttackProbe("kernel.mount", "mount a file system"),
        AttackProbe("kernel.new-root", "change the root directory"),
        AttackProbe("kernel.new-namespaces", "make namespaces"),
        AttackProbe("kernel.enter-namespaces", "enter namespaces of other processes"),
        AttackProbe("kernel.trace-others", "trace, read or write processes above"),
        AttackProbe("kernel.perf", "count events of the kernel", .ownKernel),
        AttackProbe("kernel.userfaultfd", "handle page faults", .ownKernel),
        AttackProbe("kernel.io-uring", "use io_uring", .ownKernel),
        AttackProbe("kernel.keyrings", "use keyrings of the kernel", .ownKernel),
        AttackProbe("kernel.machine-calls", "change clock, name, swap or accounting, reboot, load another kernel", .ownKernel),
        AttackProbe("kernel.log", "read the kernel's log", .ownKernel),
        AttackProbe("kernel.priority", "raise priority, limits, or the score when memory ends", .ownKernel),
        AttackProbe("kernel.device-nodes", "make a device node and open it"),
    ]

    private static let files = [
        AttackProbe("files.devices", "open disks, memory, hypervisor, network and input devices", .ownKernel),
        AttackProbe("files.kernel-memory", "read the kernel's memory", .ownKernel),
        AttackProbe(
            "files.kernel-information", "read timers, firmware, serial numbers, keys and addresses", .ownKernel,
            .below(.namespace, hostFiles)),
        AttackProbe("files.kernel-settings", "open anything below /proc/sys for writing", .ownKernel),
        AttackProbe("files.device-settings", "open anything below /sys for writing", .ownKernel),
        AttackProbe("files.kernel-tracing", "read debug, tracing, security and bpf file systems", .ownKernel),
        AttackProbe("files.control-groups", "make, join or change control groups", .ownKernel),
        AttackProbe("files.password-hashes", "read /etc/shadow"),
        AttackProbe("files.system", "write system files and folders"),
        AttackProbe("files.service-sockets", "connect to sockets of the host's services", .below(.namespace, hostFiles)),
        AttackProbe(
            "files.abstract-socket", "connect to a socket without a file that the host listens on", .openNetwork,
            .below(.namespace, hostProcesses)),
        AttackProbe("processes.host-signals", "signal a process of the host", .below(.namespace, hostProcesses)),
    ]

    private static let network = [
        AttackProbe("network.rare-sockets", "make sockets of families that commands do not need", .ownKernel),
        AttackProbe(
            "network.interfaces", "see an interface beside an own loopback", .openNetwork, .below(.namespace, "sockets are refused instead")
        ),
        AttackProbe("network.metadata", "ask a cloud's metadata address", .openNetwork),
        AttackProbe("network.host-loopback", "reach a service on the host's loopback", .openNetwork),
        AttackProbe("network.host-address", "reach a service on the host's own address", .openNetwork),
        AttackProbe("network.private-ranges", "reach private addresses", .openNetwork),
        AttackProbe("network.internet", "reach the internet by IPv4", .openNetwork),
        AttackProbe("network.internet-six", "reach the internet by IPv6", .openNetwork),
        AttackProbe("network.names", "ask a name server", .openNetwork),
        AttackProbe("network.echo", "send an echo request", .openNetwork),
    ]
}
