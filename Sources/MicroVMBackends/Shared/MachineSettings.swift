import SandboxCore
public import SystemPackage

/// The keys of a microVM backend's scope, `[backends.qemu]` or `[backends.firecracker]`.
public struct MachineSettings: Sendable, Equatable {
    /// What runs a machine's instructions.
    public enum Acceleration: String, Sendable, CaseIterable {
        /// KVM where a trial machine boots with it, else emulation.
        case auto
        case kvm
        /// By emulation; on any machine, several times slower.
        case tcg
    }

    /// Nil: looked up in `PATH`.
    public var monitor: FilePath?
    /// Firecracker's; nil: looked up beside it and in `PATH`.
    public var jailer: FilePath?
    /// Whether Firecracker is started by its jailer.
    public var isJailed: Bool
    /// Nil: the newest of `/boot`.
    public var kernel: FilePath?
    /// Nil: those of the kernel's version below `/lib/modules`.
    public var modules: FilePath?
    /// The root file system of sandboxes that name none; nil is one of BusyBox alone.
    public var rootDirectory: FilePath?
    public var acceleration: Acceleration
    /// MiB of memory of a machine whose sandbox has no limit that needs more.
    public var memory: Int
    /// Processors of a machine whose sandbox has no limit that needs more.
    public var processors: Int
    /// MiB that a sandbox can write where it has no limit of its own.
    public var disk: Int
    /// Seconds from the start of a machine to its first word.
    public var bootTimeout: Int
    /// Whether machines begin as copies of one that has booted.
    public var snapshots: Bool

    /// The descriptors that the settings file, the forms and the documents are made from.
    static let qemu: [SettingDescriptor] =
        [
            SettingDescriptor(key: "qemu_path", kind: .path, summary: "The qemu-system-x86_64 executable; found in PATH when not set."),
            SettingDescriptor(
                key: "acceleration", kind: .choice(Acceleration.allCases.map(\.rawValue)),
                summary: "What runs the machines: kvm, tcg (emulation), or auto, which is kvm where a trial machine boots with it.",
                defaultText: "auto"),
        ] + shared(mostProcessors: MonitorKind.qemu.mostProcessors)

    /// As `qemu`.
    static let firecracker: [SettingDescriptor] =
        [
            SettingDescriptor(
                key: "firecracker_path", kind: .path,
                summary: "The firecracker executable; where `sandlot firecracker setup` puts it, or in PATH, when not set."),
            SettingDescriptor(
                key: "jailer_path", kind: .path,
                summary: "Firecracker's jailer; where `sandlot firecracker setup` puts it, or in PATH, when not set."),
            SettingDescriptor(
                key: "jailer", kind: .boolean,
                summary:
                    "Whether each Firecracker is locked in by its jailer, which needs root; without it, only its system call filter is left.",
                defaultText: "true"),
        ] + shared(mostProcessors: MonitorKind.firecracker.mostProcessors)

    private static func shared(mostProcessors: Int) -> [SettingDescriptor] {
        [
            SettingDescriptor(key: "kernel", kind: .path, summary: "The machines' Linux kernel; the newest of /boot when not set."),
            SettingDescriptor(
                key: "modules", kind: .path, summary: "The folder of that kernel's modules; below /lib/modules when not set."),
            SettingDescriptor(
                key: "root_directory", kind: .path,
                summary: "The directory with the root file system of sandboxes that name none; BusyBox alone when not set."),
            SettingDescriptor(
                key: "memory_mib", kind: .integer(minimum: 192, maximum: 1_048_576), summary: "MiB of memory of each machine.",
                defaultText: "512"),
            SettingDescriptor(
                key: "processors", kind: .integer(minimum: 1, maximum: mostProcessors), summary: "Processors of each machine.",
                defaultText: "1"),
            SettingDescriptor(
                key: "disk_mib", kind: .integer(minimum: 16, maximum: 1_048_576),
                summary: "MiB that a sandbox without a disk limit can write.",
                defaultText: "4096"),
            SettingDescriptor(
                key: "boot_timeout", kind: .integer(minimum: 1, maximum: 3600), summary: "Seconds that a machine may take to boot.",
                defaultText: "90"),
            SettingDescriptor(
                key: "snapshots", kind: .boolean, summary: "Whether machines begin as copies of one that has booted.", defaultText: "true"),
        ]
    }

    /// Reads the scope, one element for each value that is not a list; a value that makes no sense is `invalidArgument`.
    public init(_ values: [String: [String]] = [:]) throws {
        func wrong(_ key: String, _ value: String, _ remedy: String) -> SandboxError {
            SandboxError(.invalidArgument, "the setting \(key) is '\(value)'", remedy: remedy)
        }
        func text(_ key: String) -> String? { values[key]?.first.flatMap { $0.isEmpty ? nil : $0 } }
        func path(_ key: String) throws -> FilePath? {
            guard let text = text(key) else { return nil }
            guard text.hasPrefix("/") else { throw wrong(key, text, "write a path from /") }
            return FilePath(text)
        }
        func number(_ key: String, _ fallback: Int, _ range: ClosedRange<Int>) throws -> Int {
            guard let text = text(key) else { return fallback }
            guard let value = Int(text), range.contains(value) else {
                throw wrong(key, text, "use a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        func flag(_ key: String) throws -> Bool {
            let word = text(key) ?? "true"
            guard let flag = Bool(word) else { throw wrong(key, word, "use true or false") }
            return flag
        }
        monitor = try path("qemu_path") ?? path("firecracker_path")
        jailer = try path("jailer_path")
        isJailed = try flag("jailer")
        kernel = try path("kernel")
        modules = try path("modules")
        rootDirectory = try path("root_directory")
        let word = text("acceleration") ?? "auto"
        guard let known = Acceleration(rawValue: word) else { throw wrong("acceleration", word, "use auto, kvm or tcg") }
        acceleration = known
        memory = try number("memory_mib", 512, 192...1_048_576)
        processors = try number("processors", 1, 1...64)
        disk = try number("disk_mib", 4096, 16...1_048_576)
        bootTimeout = try number("boot_timeout", 90, 1...3600)
        snapshots = try flag("snapshots")
    }
}
