import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Finding processes in /proc.
enum ProcessScan {
    /// Every process that descends from one.
    static func descendants(of root: Int32) throws -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for entry in try all() where !entry.hasEnded { children[entry.parent, default: []].append(entry.pid) }
        var found: [Int32] = []
        var open = [root]
        while let next = open.popLast() {
            let below = children[next] ?? []
            found += below
            open += below
        }
        return found
    }

    /// Every process that was started with this variable in its environment.
    static func carrying(_ assignment: String) throws -> [Int32] {
        let marker = Array(assignment.utf8)[...]
        return try all().filter { !$0.hasEnded }.map(\.pid).filter { pid in
            pid != getpid() && fields("/proc/\(pid)/environ").contains { $0 == marker }
        }
    }

    /// Every process that has this argument.
    static func withArgument(_ argument: String) throws -> [Int32] {
        let marker = Array(argument.utf8)[...]
        return try all().filter { !$0.hasEnded }.map(\.pid).filter { pid in
            pid != getpid() && fields("/proc/\(pid)/cmdline").contains { $0 == marker }
        }
    }

    private static func all() throws -> [ProcessEntry] {
        try HostDirectory.names(in: "/proc").compactMap { Int32($0) }.compactMap { ProcessEntry(pid: $0) }
    }

    private static func fields(_ path: String) -> [ArraySlice<UInt8>] {
        guard let text = KernelFile.bytes(path) else { return [] }
        return text.split(separator: 0)
    }
}
