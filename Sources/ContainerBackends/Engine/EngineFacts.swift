import Glibc
import SandboxCore

/// What an engine says of itself.
struct EngineFacts: Sendable, Equatable {
    var version: String
    /// The version of the API that is spoken with it.
    var api: APIVersion
    var isRootless: Bool
    /// The engine maps users by itself (`userns-remap`).
    var mapsUsers: Bool
    var kernel: String
    var operatingSystem: String
    var limitsMemory: Bool
    var limitsProcesses: Bool
    var limitsProcessors: Bool
    var hasSystemCallFilter: Bool
    /// False where an engine without root could not connect a container to the outside.
    var opensNetwork: Bool

    static let noTunnel = "the engine's user may not use /dev/net/tun"

    init(_ version: EngineMessage.Version, _ info: EngineMessage.Info, api: APIVersion) {
        let options = info.SecurityOptions ?? []
        self.version = version.Version
        self.api = api
        isRootless = info.Rootless == true || options.contains { $0.hasPrefix("name=rootless") }
        mapsUsers = options.contains { $0.hasPrefix("name=userns") }
        kernel = info.KernelVersion ?? version.KernelVersion ?? ""
        operatingSystem = info.OperatingSystem ?? ""
        // An engine without root cannot use the first version's control groups, whatever it says.
        let hasGroups = !(isRootless && info.CgroupVersion == "1")
        limitsMemory = hasGroups && info.MemoryLimit == true
        limitsProcesses = hasGroups && info.PidsLimit == true
        limitsProcessors = hasGroups && info.CpuCfsQuota == true
        hasSystemCallFilter = options.contains { $0.hasPrefix("name=seccomp") }
        opensNetwork = true
        // An engine without root is mostly run by whoever asks it.
        if isRootless, isUnderOurKernel, access("/dev/net/tun", R_OK | W_OK) != 0 { opensNetwork = false }
    }

    /// What this engine cannot do.
    var missing: Set<Capability> {
        var missing: Set<Capability> = []
        if !limitsMemory { missing.insert(.memoryLimit) }
        if !limitsProcesses { missing.insert(.processLimit) }
        if !limitsProcessors { missing.insert(.processorLimit) }
        if !opensNetwork { missing.insert(.networkOpen) }
        return missing
    }

    /// Whether the engine runs under the kernel that we run under: otherwise it sees other files (Docker Desktop, a remote engine).
    var isUnderOurKernel: Bool {
        var names = utsname()
        guard uname(&names) == 0 else { return false }
        let release = withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return !kernel.isEmpty && kernel == release
    }
}

/// `1.41`.
struct APIVersion: Comparable, Sendable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 2 else { return nil }
        self.init(parts[0], parts[1])
    }

    var description: String { "\(major).\(minor)" }

    static func < (left: APIVersion, right: APIVersion) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

    /// The range that this code was written for.
    static let oldest = APIVersion(1, 40)
    static let newest = APIVersion(1, 47)
}
