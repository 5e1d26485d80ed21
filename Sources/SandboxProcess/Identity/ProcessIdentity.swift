import SandboxCore
import CSandlotSystem
import Glibc

/// One process for ever: a pid alone is used again, a pid with its start time in one boot of the kernel is not.
public struct ProcessIdentity: Sendable, Codable, Hashable {
    /// As this process counts.
    public var pid: Int32
    /// Clock ticks since boot.
    public var startTime: UInt64
    /// The kernel's random name for this boot.
    public var boot: String

    /// Creates an identity from its stored parts.
    public init(pid: Int32, startTime: UInt64, boot: String) {
        self.pid = pid
        self.startTime = startTime
        self.boot = boot
    }

    /// This boot's name.
    public static func currentBoot() throws -> String {
        guard let line = KernelFile.line("/proc/sys/kernel/random/boot_id"), !line.isEmpty else {
            throw SandboxError(.unavailable, "reading /proc/sys/kernel/random/boot_id failed", remedy: "mount /proc")
        }
        return line
    }

    /// The identity of a live process, or nil when there is none with this pid.
    public static func of(_ pid: Int32) throws -> ProcessIdentity? {
        guard let entry = ProcessEntry(pid: pid) else { return nil }
        return ProcessIdentity(pid: pid, startTime: entry.startTime, boot: try currentBoot())
    }

    /// Whether it still runs; a process that ended but was not reaped counts as gone.
    public var isAlive: Bool {
        guard let entry = ProcessEntry(pid: pid), entry.startTime == startTime, !entry.hasEnded else { return false }
        return (try? Self.currentBoot()) == boot
    }

    /// A descriptor of exactly this process, or nil when it is gone.
    public func open() throws -> OwnedDescriptor? {
        let raw = sandlot_pidfd_open(pid)
        if raw < 0 {
            if errno == ESRCH || errno == EINVAL { return nil }
            throw SandboxError.system("opening process \(pid)", errno)
        }
        let descriptor = OwnedDescriptor(raw)
        // The descriptor holds one process; if that one is not ours any more, the pid was used again before we opened it.
        return isAlive ? descriptor : nil
    }

    /// Sends a signal, never to another process that got the same pid. Returns false when the process is gone.
    @discardableResult
    public func signal(_ number: Int32) throws -> Bool {
        guard let descriptor = try open() else { return false }
        if sandlot_pidfd_send_signal(descriptor.raw, number) == 0 { return true }
        if errno == ESRCH { return false }
        throw SandboxError.system("sending signal \(number) to process \(pid)", errno)
    }
}
