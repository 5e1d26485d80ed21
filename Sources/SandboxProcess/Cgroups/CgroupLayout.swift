public import SystemPackage
import Glibc

/// Where control groups can be made on this machine, and which limits each of them carries.
public struct CgroupLayout: Sendable, Equatable {
    /// The controllers that Sandlot uses.
    public enum Controller: String, Sendable, CaseIterable {
        case memory, pids, cpu
    }

    /// True for the unified hierarchy.
    public var isUnified: Bool
    /// For each usable controller the writable directory beneath which groups are made. In the unified hierarchy all are the same.
    public var parents: [Controller: FilePath]

    /// Creates a layout.
    public init(isUnified: Bool, parents: [Controller: FilePath]) {
        self.isUnified = isUnified
        self.parents = parents
    }

    /// Looks at this process' groups. Creates nothing.
    public static func detect() -> CgroupLayout {
        detect(
            membership: KernelFile.text("/proc/self/cgroup") ?? "", mounts: KernelFile.text("/proc/self/mountinfo") ?? "",
            isWritable: { access($0.string, W_OK) == 0 }, read: { KernelFile.line($0.string) })
    }

    /// As above, from given facts. Version 1 is preferred where it carries a controller: version 2 then cannot.
    public static func detect(
        membership: String, mounts: String, isWritable: (FilePath) -> Bool, read: (FilePath) -> String?
    ) -> CgroupLayout {
        let table = MountTable(parsing: mounts)
        var parents: [Controller: FilePath] = [:]
        var unifiedPath: String?
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[0] == "0" && fields[1].isEmpty { unifiedPath = String(fields[2]) }
            for name in fields[1].split(separator: ",") {
                guard let controller = Controller(rawValue: String(name)), let mount = table.legacy(controller.rawValue) else { continue }
                let folder = mount.directory(of: String(fields[2]))
                if isWritable(folder) { parents[controller] = folder }
            }
        }
        if !parents.isEmpty { return CgroupLayout(isUnified: false, parents: parents) }
        guard let unifiedPath, let mount = table.unified() else { return CgroupLayout(isUnified: true, parents: [:]) }
        // A group that holds processes cannot hand controllers on to its children, so a writable ancestor that does is looked for.
        var folder = mount.directory(of: unifiedPath)
        while folder.starts(with: mount.point) {
            let enabled = (read(folder.appending("cgroup.subtree_control")) ?? "").split(separator: " ").map(String.init)
            let usable = Controller.allCases.filter { enabled.contains($0.rawValue) }
            // Moving a process in also needs the right to write the common ancestor's list.
            if !usable.isEmpty, isWritable(folder), isWritable(folder.appending("cgroup.procs")) {
                return CgroupLayout(isUnified: true, parents: Dictionary(uniqueKeysWithValues: usable.map { ($0, folder) }))
            }
            if folder == mount.point { break }
            folder.removeLastComponent()
        }
        return CgroupLayout(isUnified: true, parents: [:])
    }
}

/// The control group mounts of a `mountinfo` text.
struct MountTable {
    struct Entry {
        /// The path within the hierarchy that is mounted.
        var root: String
        var point: FilePath
        var type: String
        var options: [String]

        /// Where a group of the hierarchy is seen in the file system.
        func directory(of path: String) -> FilePath {
            var rest = path
            if root != "/" && rest.hasPrefix(root) { rest = String(rest.dropFirst(root.count)) }
            let parts = rest.split(separator: "/").map(String.init)
            // ".." means that the group lies outside of our cgroup namespace; then only the mount's own root can be used.
            if parts.contains("..") { return point }
            return parts.reduce(point) { $0.appending($1) }
        }
    }

    private var entries: [Entry] = []

    init(parsing text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3, fields.count > 4 else { continue }
            let type = fields[dash + 1]
            guard type == "cgroup" || type == "cgroup2" else { continue }
            entries.append(
                Entry(
                    root: fields[3], point: FilePath(fields[4]), type: type,
                    options: fields[dash + 3].split(separator: ",").map(String.init)))
        }
    }

    func legacy(_ controller: String) -> Entry? { entries.first { $0.type == "cgroup" && $0.options.contains(controller) } }
    func unified() -> Entry? { entries.first { $0.type == "cgroup2" } }
}
