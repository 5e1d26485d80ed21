public import SystemPackage
import CSandlotSystem
import Glibc
import SandboxCore

/// Landlock rules: a process that starts with them reaches no file but those allowed here, nor do its descendants.
public struct FileRestriction: Sendable {
    /// For a `SpawnRequest`.
    public let ruleset: OwnedDescriptor

    /// The kernel's Landlock version; 0 where it has none.
    public static var kernelVersion: Int { Int(sandlot_landlock_abi()) }

    /// Whether the rules also keep signals among the processes that are under them.
    public static var confinesSignals: Bool { kernelVersion >= 6 }

    /// Rules that allow nothing yet. `unsupported` where the kernel has no Landlock.
    public init() throws {
        ruleset = OwnedDescriptor(sandlot_landlock_create(false))
        guard ruleset.raw >= 0 else {
            throw SandboxError.system("making Landlock rules", errno, remedy: "use Linux 5.13 or newer with lsm=…,landlock")
        }
    }

    /// Allows reading and executing at and below a path, and changing as well when `writable`.
    public func allow(_ path: FilePath, writable: Bool) throws {
        guard sandlot_landlock_allow(ruleset.raw, path.string, writable) == 0 else {
            throw SandboxError.system("allowing \(path)", errno)
        }
    }
}
