public import SandboxCore
public import SystemPackage

/// Everything that `bwrap` is told, as a value; making the arguments from it touches nothing.
///
/// No value of an environment is in it: the environment goes to each exec over the channel. Nothing about the sandbox stands in the process
/// list either, for the arguments go through a descriptor.
public struct BubblewrapPlan: Sendable, Equatable {
    /// One thing of the root file system, in order.
    public enum Node: Sendable, Equatable {
        case bind(source: FilePath, target: FilePath, readOnly: Bool)
        case symbolicLink(content: String, target: FilePath)
        case directory(FilePath, mode: UInt32?)
        /// A file system in memory, of at most so many bytes; nil leaves it to the kernel, which takes half of the machine's memory.
        case memory(FilePath, mode: UInt32, size: UInt64? = nil)
        /// A file whose content comes from the descriptor with this number.
        case file(descriptor: Int32, target: FilePath)
        case process(FilePath)
        case devices(FilePath)
    }

    /// The numbers that descriptors have for `bwrap`.
    public enum Descriptor {
        public static let arguments: Int32 = 3
        public static let filter: Int32 = 4
        public static let info: Int32 = 5
        public static let listener: Int32 = 6
        public static let birth: Int32 = 7
        public static let memoryEvents: Int32 = 8
        /// The first one for the content of files.
        public static let files: Int32 = 9
    }

    /// Where things are inside.
    public enum Place {
        public static let guest: FilePath = "/.sandlot/guest"
        public static let workspace: FilePath = "/workspace"
        public static let home: FilePath = "/home/sandbox"
        public static let runtime: FilePath = "/run/sandlot"
    }

    /// The user and group number inside; outside it is whoever runs `bwrap`.
    public static let insideUser = 1000

    public var nodes: [Node]
    public var network: NetworkPolicy
    public var hostname: String
    public var endsWithCreator: Bool
    /// Kernels without cgroup namespaces get none.
    public var hasFilter: Bool
    /// Where commands start.
    public var workspace = Place.workspace
    /// Processes at once, where the guest has to see to it.
    public var maximumProcesses: UInt32?

    /// Creates a plan.
    public init(nodes: [Node], network: NetworkPolicy, hostname: String, endsWithCreator: Bool, hasFilter: Bool = true) {
        self.nodes = nodes
        self.network = network
        self.hostname = hostname
        self.endsWithCreator = endsWithCreator
        self.hasFilter = hasFilter
    }

    /// What goes through the arguments' descriptor.
    public var options: [String] {
        var all = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        if network == .none { all.append("--unshare-net") }
        let user = String(Self.insideUser)
        all += ["--uid", user, "--gid", user, "--hostname", hostname, "--cap-drop", "ALL", "--as-pid-1", "--new-session"]
        if endsWithCreator { all.append("--die-with-parent") }
        all += nodes.flatMap(Self.words)
        // Everything that is not a mount of its own lies in this file system in memory; from here on it cannot be changed.
        all += ["--remount-ro", "/", "--chdir", workspace.string]
        if hasFilter { all += ["--seccomp", "\(Descriptor.filter)"] }
        all += ["--info-fd", "\(Descriptor.info)"]
        return all
    }

    /// The options, each ended by a zero byte.
    public var encodedOptions: [UInt8] { options.flatMap { Array($0.utf8) + [0] } }

    /// The argument vector, `countingMemoryKills` when the descriptor for that is passed: the same few words for every sandbox but the id, which is there for people who look at the process list.
    public func command(bwrap: FilePath, id: SandboxID, countingMemoryKills: Bool = false) -> [String] {
        [bwrap.string, "--args", "\(Descriptor.arguments)", "--", Place.guest.string] + guestArguments(id)
            + (maximumProcesses.map { ["--max-processes", "\($0)"] } ?? [])
            + (countingMemoryKills ? ["--memory-events-fd", "\(Descriptor.memoryEvents)"] : [])
    }

    private func guestArguments(_ id: SandboxID) -> [String] {
        [
            "serve", "--listen-fd", "\(Descriptor.listener)", "--birth-fd", "\(Descriptor.birth)", "--cwd", workspace.string,
            "--sandbox", id.rawValue,
        ]
    }

    private static func words(_ node: Node) -> [String] {
        switch node {
        case .bind(let source, let target, let readOnly): [readOnly ? "--ro-bind" : "--bind", source.string, target.string]
        case .symbolicLink(let content, let target): ["--symlink", content, target.string]
        case .directory(let target, nil): ["--dir", target.string]
        case .directory(let target, let mode?): ["--perms", String(mode, radix: 8), "--dir", target.string]
        case .memory(let target, let mode, let size):
            ["--perms", String(mode, radix: 8)] + (size.map { ["--size", "\($0)"] } ?? []) + ["--tmpfs", target.string]
        case .file(let descriptor, let target): ["--perms", "0644", "--file", "\(descriptor)", target.string]
        case .process(let target): ["--proc", target.string]
        case .devices(let target): ["--dev", target.string]
        }
    }
}
