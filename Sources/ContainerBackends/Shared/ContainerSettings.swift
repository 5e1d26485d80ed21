public import SandboxCore
public import SystemPackage

/// The keys of `[backends.docker]` and `[backends.podman]`.
public struct ContainerSettings: Sendable, Equatable {
    /// When an image is fetched.
    public enum Pull: String, Sendable, CaseIterable {
        /// When the engine does not have it.
        case missing
        case never
    }

    /// How the guest comes into a container.
    public enum GuestDelivery: String, Sendable, CaseIterable {
        /// By a mount where the engine shares our files, else by its API.
        case auto
        /// By the engine's API.
        case archive
    }

    /// The engine's address; nil looks in the environment, the contexts and the usual places.
    public var host: String?
    /// A context of the engine's own configuration.
    public var context: String?
    /// For sandboxes that name no image.
    public var image: String
    public var pull: Pull
    /// Seconds for fetching an image.
    public var pullTimeout: Int
    /// The container's own layer cannot be written to either.
    public var readOnlyRoot: Bool
    /// Processes at once where the sandbox does not say.
    public var processes: Int
    /// User and group number of root's sandboxes with a private workspace; 0: one of its own for each sandbox.
    public var runAs: UInt32
    public var guestDelivery: GuestDelivery
    /// `INSIDE=OUTSIDE`: where the engine sees paths that we see, when we are in a container ourselves.
    public var hostPaths: [(inside: FilePath, outside: FilePath)]
    public var build: ImageBuildSettings
    /// Podman: whether a service is started where there is none.
    public var service: Service
    /// Podman: what sandboxes are let to beyond their container.
    public var hatch: Hatch?

    /// What to do where only the engine's command is installed and nothing listens.
    public enum Service: String, Sendable, CaseIterable {
        /// Start its service for this process.
        case auto
        case never
    }

    /// A way out of the container that somebody asked for by name.
    public enum Hatch: Sendable, Equatable {
        /// The host's own Podman can be used from inside: whoever has it has the host's user.
        case hostPodman
        /// Containers can be made inside: the container has every capability and no filter.
        case nestedPodman
    }

    /// The image that is used when nothing names one.
    public static let defaultImage = "docker.io/library/debian:stable-slim"

    /// The descriptors that the settings file, the forms and the documents are made from.
    public static let descriptors: [SettingDescriptor] =
        [
            SettingDescriptor(
                key: "host", kind: .text, summary: "The engine's address: unix:///path, tcp://host:port or https://host:port."),
            SettingDescriptor(key: "context", kind: .text, summary: "A Docker context that names the address."),
            SettingDescriptor(
                key: "image", kind: .text, summary: "The image of sandboxes that name none.", defaultText: defaultImage),
            SettingDescriptor(
                key: "pull", kind: .choice(Pull.allCases.map(\.rawValue)), summary: "When images are fetched.", defaultText: "missing"),
            SettingDescriptor(
                key: "pull_timeout", kind: .integer(minimum: 1, maximum: 86400), summary: "Seconds for fetching an image.",
                defaultText: "900"),
            SettingDescriptor(
                key: "read_only_root", kind: .boolean, summary: "Only the workspace, the home, /tmp and /run can be written to.",
                defaultText: "false"),
            SettingDescriptor(
                key: "processes", kind: .integer(minimum: 16, maximum: 4_194_304),
                summary: "Processes at once where the sandbox does not say.",
                defaultText: "8192"),
            SettingDescriptor(
                key: "run_as", kind: .integer(minimum: 0, maximum: 2_147_483_647),
                summary: "The user and group number of root's sandboxes with a private workspace; 0 gives each sandbox its own.",
                defaultText: "0"),
            SettingDescriptor(
                key: "guest_delivery", kind: .choice(GuestDelivery.allCases.map(\.rawValue)),
                summary:
                    "How the guest comes into a container; archive sends it by the engine's API, and then no host directory can be mounted.",
                defaultText: "auto"),
            SettingDescriptor(
                key: "host_paths", kind: .textList,
                summary: "INSIDE=OUTSIDE: where the engine sees our paths, when Sandlot runs in a container itself."),
        ] + ImageBuildSettings.descriptors

    /// Those of Podman.
    public static let podmanDescriptors: [SettingDescriptor] =
        descriptors + [
            SettingDescriptor(
                key: "service", kind: .choice(Service.allCases.map(\.rawValue)),
                summary: "Whether podman system service is started, for as long as Sandlot runs, where no socket is found.",
                defaultText: "auto"),
            SettingDescriptor(
                key: "allow_host_podman", kind: .boolean,
                summary: "Sandboxes can use the host's own Podman: no isolation is left. Not with allow_nested_podman.",
                defaultText: "false"),
            SettingDescriptor(
                key: "allow_nested_podman", kind: .boolean,
                summary: "Sandboxes can make containers of their own: privileged, little isolation is left. Not with allow_host_podman.",
                defaultText: "false"),
        ]

    /// Reads the scope, one element for each value that is not a list; a value that makes no sense is `invalidArgument`.
    public init(_ values: [String: [String]] = [:]) throws {
        func text(_ key: String) -> String? { values[key]?.first.flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ key: String, _ fallback: Int, _ range: ClosedRange<Int>) throws -> Int {
            guard let text = text(key) else { return fallback }
            guard let value = Int(text), range.contains(value) else {
                throw Self.wrong(key, text, "use a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        build = try ImageBuildSettings(values)
        host = text("host")
        context = text("context")
        image = text("image") ?? Self.defaultImage
        pull = .missing
        if let word = text("pull") {
            guard let known = Pull(rawValue: word) else { throw Self.wrong("pull", word, "use missing or never") }
            pull = known
        }
        pullTimeout = try number("pull_timeout", 900, 1...86400)
        func flag(_ key: String) throws -> Bool {
            guard let word = text(key) else { return false }
            guard let known = Bool(word) else { throw Self.wrong(key, word, "use true or false") }
            return known
        }
        readOnlyRoot = try flag("read_only_root")
        service = .auto
        if let word = text("service") {
            guard let known = Service(rawValue: word) else { throw Self.wrong("service", word, "use auto or never") }
            service = known
        }
        switch (try flag("allow_host_podman"), try flag("allow_nested_podman")) {
        case (true, true):
            throw SandboxError(
                .invalidArgument, "allow_host_podman and allow_nested_podman are both true", remedy: "choose one of the two, or none")
        case (true, false): hatch = .hostPodman
        case (false, true): hatch = .nestedPodman
        case (false, false): hatch = nil
        }
        if host != nil, context != nil {
            throw SandboxError(.invalidArgument, "host and context both name an engine", remedy: "set one of the two")
        }
        processes = try number("processes", 8192, 16...4_194_304)
        runAs = UInt32(try number("run_as", 0, 0...2_147_483_647))
        guestDelivery = .auto
        if let word = text("guest_delivery") {
            guard let known = GuestDelivery(rawValue: word) else { throw Self.wrong("guest_delivery", word, "use auto or archive") }
            guestDelivery = known
        }
        hostPaths = try (values["host_paths"] ?? []).map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts.allSatisfy({ $0.hasPrefix("/") }) else {
                throw Self.wrong("host_paths", pair, "write /path/inside=/path/outside")
            }
            return (inside: FilePath(parts[0]), outside: FilePath(parts[1]))
        }
    }

    /// Equal in every value.
    public static func == (left: ContainerSettings, right: ContainerSettings) -> Bool {
        left.host == right.host && left.context == right.context && left.image == right.image && left.pull == right.pull
            && left.pullTimeout == right.pullTimeout && left.readOnlyRoot == right.readOnlyRoot && left.processes == right.processes
            && left.runAs == right.runAs && left.guestDelivery == right.guestDelivery && left.build == right.build
            && left.service == right.service && left.hatch == right.hatch
            && left.hostPaths.elementsEqual(right.hostPaths) { $0 == $1 }
    }

    private static func wrong(_ key: String, _ value: String, _ remedy: String) -> SandboxError {
        SandboxError(.invalidArgument, "the setting \(key) is '\(value)'", remedy: remedy)
    }
}
