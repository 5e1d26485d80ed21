public import SandboxCore
public import SystemPackage
import Glibc

/// The control groups of one sandbox: one directory in the unified hierarchy, one for each controller in version 1.
public struct ControlGroup: Sendable, Equatable {
    /// Every directory, for a reference's locator.
    public var directories: [FilePath]
    /// Whether they are of the unified hierarchy.
    public var isUnified: Bool

    /// Takes up groups that were made earlier.
    public init(directories: [FilePath], isUnified: Bool) {
        self.directories = directories
        self.isUnified = isUnified
    }

    /// The directory beneath each parent in which sandboxes have theirs.
    public static let familyName = "sandlot"

    /// What a limit needs.
    public static func controllers(for limits: ResourceLimits) -> Set<CgroupLayout.Controller> {
        var needed: Set<CgroupLayout.Controller> = []
        if limits.memory != nil { needed.insert(.memory) }
        if limits.processes != nil { needed.insert(.pids) }
        if limits.processors != nil { needed.insert(.cpu) }
        return needed
    }

    /// Where the groups of a sandbox will be; nothing is made. The controllers must be of the layout.
    public static func planned(
        for id: SandboxID, controllers: Set<CgroupLayout.Controller>, layout: CgroupLayout
    ) -> ControlGroup {
        let parents = Set(controllers.compactMap { layout.parents[$0] })
        let folders = parents.map { $0.appending(familyName).appending(id.rawValue) }
        return ControlGroup(directories: folders.sorted { $0.string < $1.string }, isUnified: layout.isUnified)
    }

    /// Makes the groups and sets the limits. On failure nothing is left.
    public func create(_ limits: ResourceLimits) throws {
        do {
            for folder in directories {
                try makeFolder(folder)
                for (name, value) in settings(limits, in: folder) {
                    try write(value, to: folder.appending(name))
                }
                // A group without swap of its own still honours the memory limit; these are best effort.
                if limits.memory != nil, isUnified { try? write("0", to: folder.appending("memory.swap.max")) }
                if let memory = limits.memory, !isUnified { try? write("\(memory)", to: folder.appending("memory.memsw.limit_in_bytes")) }
            }
        } catch {
            try? remove()
            throw error
        }
    }

    /// The files that a process writes itself to before it executes anything.
    public var membershipFiles: [FilePath] { directories.map { $0.appending("cgroup.procs") } }

    /// Processes that are in it now.
    public func members() -> [Int32] {
        let all = directories.flatMap { folder in
            (KernelFile.text(folder.appending("cgroup.procs").string) ?? "").split(separator: "\n").compactMap { Int32($0) }
        }
        return Array(Set(all))
    }

    /// How often the kernel killed a process of it for want of memory; nil where it does not tell.
    public func memoryKills() -> Int? {
        for folder in directories {
            for name in ["memory.events", "memory.oom_control"] {
                guard let text = KernelFile.text(folder.appending(name).string) else { continue }
                for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
                    return Int(line.dropFirst("oom_kill ".count))
                }
            }
        }
        return nil
    }

    /// The file that `memoryKills` reads, open for somebody who cannot see the groups; nil where none counts.
    public func memoryEvents() -> OwnedDescriptor? {
        for folder in directories {
            for name in ["memory.events", "memory.oom_control"] {
                let file = OwnedDescriptor(open(folder.appending(name).string, O_RDONLY | O_CLOEXEC))
                if file.raw >= 0 { return file }
            }
        }
        return nil
    }

    /// Removes the groups; `conflict` while a process is in one of them. Idempotent.
    public func remove() throws {
        for folder in directories {
            guard rmdir(folder.string) == 0 || errno == ENOENT else {
                let number = errno
                if number == EBUSY { throw SandboxError(.conflict, "the control group \(folder) still holds processes") }
                throw SandboxError.system("removing the control group \(folder)", number)
            }
            // The family's folder goes with its last member; another sandbox that is being made just makes it again.
            _ = rmdir(folder.removingLastComponent().string)
        }
    }

    private func makeFolder(_ folder: FilePath) throws {
        let family = folder.removingLastComponent()
        for _ in 0..<16 {
            if mkdir(family.string, 0o755) == 0 {
                if isUnified { try? write("+memory +pids +cpu", to: family.appending("cgroup.subtree_control")) }
            } else if errno != EEXIST {
                throw SandboxError.system("making the control group \(family)", errno)
            }
            if mkdir(folder.string, 0o755) == 0 { return }
            // ENOENT: the last member of the family went between our two calls.
            guard errno == ENOENT else { throw SandboxError.system("making the control group \(folder)", errno) }
        }
        throw SandboxError(.conflict, "the control group \(family) was removed again and again while \(folder) was made")
    }

    private func settings(_ limits: ResourceLimits, in folder: FilePath) -> [(String, String)] {
        var all: [(String, String)] = []
        if let memory = limits.memory, holds("memory", folder) {
            all.append((isUnified ? "memory.max" : "memory.limit_in_bytes", "\(memory)"))
        }
        if let processes = limits.processes, holds("pids", folder) { all.append(("pids.max", "\(processes)")) }
        if let processors = limits.processors, holds("cpu", folder) {
            let period = 100_000
            let quota = max(1000, Int(processors * Double(period)))
            if isUnified {
                all.append(("cpu.max", "\(quota) \(period)"))
            } else {
                all.append(("cpu.cfs_period_us", "\(period)"))
                all.append(("cpu.cfs_quota_us", "\(quota)"))
            }
        }
        return all
    }

    /// Whether the controller's files are in this folder; in version 1 each controller has a folder of its own.
    private func holds(_ controller: String, _ folder: FilePath) -> Bool {
        let marker =
            switch controller {
            case "memory": isUnified ? "memory.max" : "memory.limit_in_bytes"
            case "pids": "pids.max"
            default: isUnified ? "cpu.max" : "cpu.cfs_quota_us"
            }
        return access(folder.appending(marker).string, F_OK) == 0
    }

    private func write(_ text: String, to file: FilePath) throws {
        let descriptor = OwnedDescriptor(open(file.string, O_WRONLY | O_CLOEXEC))
        guard descriptor.raw >= 0 else { throw SandboxError.system("opening \(file)", errno) }
        do {
            try descriptor.write(Array(text.utf8))
        } catch {
            throw SandboxError(.unsupported, "setting \(file.lastComponent?.string ?? "") to \(text) failed", cause: error)
        }
    }
}
