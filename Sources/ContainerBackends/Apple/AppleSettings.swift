public import SandboxCore
import SystemPackage

/// The keys of `[backends.apple-container]`.
public struct AppleSettings: Sendable, Equatable {
    /// The `container` command; nil looks for it in the search path, on macOS only.
    public var command: String?
    /// For sandboxes that name no image.
    public var image: String
    public var pull: ContainerSettings.Pull
    /// Seconds for fetching and unpacking an image.
    public var pullTimeout: Int
    /// Processors of each virtual machine; 0 leaves it to the command.
    public var processors: Int
    /// MiB of memory of each virtual machine where the sandbox does not say; 0 leaves it to the command.
    public var memory: Int
    /// Processes at once where the sandbox does not say.
    public var processes: Int

    /// The descriptors that the settings file, the forms and the documents are made from.
    public static let descriptors: [SettingDescriptor] = [
        SettingDescriptor(key: "command", kind: .path, summary: "The container command, when it is not in the search path."),
        SettingDescriptor(
            key: "image", kind: .text, summary: "The image of sandboxes that name none.", defaultText: ContainerSettings.defaultImage),
        SettingDescriptor(
            key: "pull", kind: .choice(ContainerSettings.Pull.allCases.map(\.rawValue)), summary: "When images are fetched.",
            defaultText: "missing"),
        SettingDescriptor(
            key: "pull_timeout", kind: .integer(minimum: 1, maximum: 86400), summary: "Seconds for fetching and unpacking an image.",
            defaultText: "900"),
        SettingDescriptor(
            key: "processors", kind: .integer(minimum: 0, maximum: 4096),
            summary: "Processors of each virtual machine; 0 leaves it to the command.", defaultText: "0"),
        SettingDescriptor(
            key: "memory", kind: .integer(minimum: 0, maximum: 16_777_216),
            summary: "MiB of memory of each virtual machine where the sandbox does not say; 0 leaves it to the command.", defaultText: "0"),
        SettingDescriptor(
            key: "processes", kind: .integer(minimum: 16, maximum: 4_194_304), summary: "Processes at once where the sandbox does not say.",
            defaultText: "8192"),
    ]

    /// Reads the scope, one element for each value that is not a list; a value that makes no sense is `invalidArgument`.
    public init(_ values: [String: [String]] = [:]) throws {
        func wrong(_ key: String, _ value: String, _ remedy: String) -> SandboxError {
            SandboxError(.invalidArgument, "the setting \(key) is '\(value)'", remedy: remedy)
        }
        func text(_ key: String) -> String? { values[key]?.first.flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ key: String, _ fallback: Int, _ range: ClosedRange<Int>) throws -> Int {
            guard let text = text(key) else { return fallback }
            guard let value = Int(text), range.contains(value) else {
                throw wrong(key, text, "use a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        command = text("command")
        if let command, !command.hasPrefix("/") { throw wrong("command", command, "write the absolute path of the container command") }
        image = text("image") ?? ContainerSettings.defaultImage
        pull = .missing
        if let word = text("pull") {
            guard let known = ContainerSettings.Pull(rawValue: word) else { throw wrong("pull", word, "use missing or never") }
            pull = known
        }
        pullTimeout = try number("pull_timeout", 900, 1...86400)
        processors = try number("processors", 0, 0...4096)
        memory = try number("memory", 0, 0...16_777_216)
        if memory != 0, memory < AppleLimits.smallestMemory {
            throw wrong("memory", "\(memory)", "use 0, or at least \(AppleLimits.smallestMemory)")
        }
        processes = try number("processes", 8192, 16...4_194_304)
    }
}

/// What a virtual machine of Apple's runtime cannot go below or be told.
enum AppleLimits {
    /// MiB.
    static let smallestMemory = 200
    /// The guest's own threads and supervisors count against a limit of processes too.
    static let ownProcesses = 8
}
