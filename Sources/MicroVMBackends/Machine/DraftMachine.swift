import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// Machines that become no sandbox: trials, and those that are saved. The name of each says who made it, so that one whose maker crashed can
/// be told.
enum DraftMachine {
    private static let prefix = "sandlot-draft-"

    /// For one of this process.
    static func name() throws -> String {
        guard let own = try ProcessIdentity.of(getpid()) else { throw SandboxError(.internalError, "this process cannot be found") }
        return "\(prefix)\(own.pid)-\(own.startTime)"
    }

    /// Ends those whose maker is gone.
    static func endLeft() throws {
        for (pid, word) in try MachineProcesses.all(where: { $0.hasPrefix(prefix) }) {
            let parts = word.dropFirst(prefix.count).split(separator: "-")
            guard parts.count == 2, let maker = Int32(parts[0]), let start = UInt64(parts[1]) else { continue }
            if let alive = try ProcessIdentity.of(maker), alive.startTime == start { continue }
            _ = try ProcessIdentity.of(pid)?.signal(SIGKILL)
        }
    }
}

/// Monitors by the name of their machine, which is a word of their command line.
enum MachineProcesses {
    static func all(where fits: (String) -> Bool) throws -> [(pid: Int32, name: String)] {
        try HostDirectory.names(in: "/proc").compactMap { Int32($0) }.compactMap { pid in
            let words = KernelFile.bytes("/proc/\(pid)/cmdline")?.split(separator: 0) ?? []
            return words.lazy.map { String(decoding: $0, as: UTF8.self) }.first(where: fits).map { (pid, $0) }
        }
    }
}
