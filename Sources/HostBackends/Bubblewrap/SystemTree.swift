import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The read-only system files of a sandbox: the host's own, or those of a given root directory.
struct SystemTree {
    /// Folders of `/` that hold programs and libraries.
    private static let programFolders = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    /// The host's own directories and files that commands may read where there is no root of their own.
    static func readablePaths(network: NetworkPolicy) throws -> [FilePath] {
        let identity = ["passwd", "group", "hosts", "hostname"].map { FilePath("/etc/\($0)") }
        let all = programFolders.map { FilePath("/").appending($0) } + identity + (try ConfigurationFiles.paths(network: network))
        return all.filter { access($0.string, F_OK) == 0 }
    }

    /// The host's own directories, without /etc.
    static func host(extra: [FilePath]) throws -> [BubblewrapPlan.Node] {
        var nodes: [BubblewrapPlan.Node] = []
        for name in programFolders { nodes += try node(FilePath("/").appending(name), at: FilePath("/").appending(name)) }
        for path in extra {
            let real = try HostPaths.real(path, what: "the system path")
            nodes.append(.bind(source: real, target: path, readOnly: true))
        }
        nodes += [.symbolicLink(content: "/tmp", target: "/var/tmp"), .symbolicLink(content: "/run", target: "/var/run")]
        let empty: [FilePath] = ["/mnt", "/opt"]
        nodes += empty.filter { folder in !extra.contains { $0.starts(with: folder) } }.map { .directory($0, mode: nil) }
        return nodes
    }

    /// The top of a given root directory, entry by entry, so that mount points can be made beside them even when it is empty.
    static func directory(_ root: FilePath, network: NetworkPolicy) throws -> [BubblewrapPlan.Node] {
        let ours = Set(["proc", "dev", "sys", "tmp", "run", "workspace", "home", ".sandlot"])
        var nodes: [BubblewrapPlan.Node] = []
        for name in try HostDirectory.names(in: root).sorted() where !ours.contains(name) {
            nodes += try node(root.appending(name), at: FilePath("/").appending(name))
        }
        var status = stat()
        let servers = root.appending("etc/resolv.conf")
        if network == .open, lstat(servers.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let real = try? HostPaths.real("/etc/resolv.conf", what: "the name servers' file")
        {
            nodes.append(.bind(source: real, target: "/etc/resolv.conf", readOnly: true))
        }
        return nodes
    }

    /// The host's process files that tell of, or change, more than the sandbox. Only needed where the sandbox runs as the host's root:
    /// without capabilities it still owns root's files, of which /proc/sys has more than a thousand.
    static func masks() -> [BubblewrapPlan.Node] {
        var nodes: [BubblewrapPlan.Node] = [.bind(source: "/proc/sys", target: "/proc/sys", readOnly: true)]
        let telling = [
            "kcore", "kmsg", "mtrr", "sysrq-trigger", "timer_list", "slabinfo", "vmallocinfo", "pagetypeinfo", "kpagecount", "kpageflags",
            "kpagecgroup", "sched_debug", "keys", "latency_stats",
        ]
        for name in telling where HostDirectory.exists(FilePath("/proc/\(name)")) {
            nodes.append(.bind(source: "/dev/null", target: FilePath("/proc/\(name)"), readOnly: true))
        }
        for name in ["acpi", "scsi", "fs", "asound", "driver"] where HostDirectory.exists(FilePath("/proc/\(name)")) {
            nodes.append(.memory(FilePath("/proc/\(name)"), mode: 0o555))
        }
        return nodes
    }

    /// One file, folder or link, if it is there.
    static func node(_ source: FilePath, at target: FilePath) throws -> [BubblewrapPlan.Node] {
        var status = stat()
        guard lstat(source.string, &status) == 0 else { return [] }
        switch status.st_mode & S_IFMT {
        case S_IFLNK:
            var content = [CChar](repeating: 0, count: 4096)
            let count = max(0, readlink(source.string, &content, content.count))
            let text = String(decoding: content.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
            return [.symbolicLink(content: text, target: target)]
        case S_IFDIR, S_IFREG: return [.bind(source: source, target: target, readOnly: true)]
        default: return []
        }
    }
}
