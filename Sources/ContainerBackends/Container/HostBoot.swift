import SandboxCore
import SandboxProcess
import SystemPackage

/// Which run of the host's kernel this is.
enum HostBoot {
    static func identity() throws -> String {
        let bytes = try HostDirectory.contents("/proc/sys/kernel/random/boot_id") ?? []
        return String(decoding: bytes.filter { $0 > 32 }, as: UTF8.self)
    }
}
