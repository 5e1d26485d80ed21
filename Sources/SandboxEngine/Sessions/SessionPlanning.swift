import SandboxCore
import SandboxImages
import SystemPackage

/// A name that people give to a session.
private struct SessionName: Identifier {
    static let noun = "session name"
    let rawValue: String
    init(unchecked rawValue: String) { self.rawValue = rawValue }
}

extension SessionPlan {
    /// Fills in what a request leaves open. What the configuration limits for sandboxes does not bind a session outside of one; what the request
    /// itself states does.
    init(_ request: SessionRequest, _ configuration: EngineConfiguration) throws {
        try Self.check(request)
        let inside = Self.wantsSandbox(override: request.sandbox, isMain: request.isMain, mode: configuration.mode)
        self.init(
            agent: request.agent, isMain: request.isMain, sandbox: request.sandbox, backend: request.backend, floor: request.floor,
            image: request.image, workspace: request.workspace, workspacePath: request.workspacePath,
            home: request.home ?? (inside ? configuration.home : .ephemeral),
            mounts: request.mounts, environmentNames: request.environment.keys.sorted(),
            limits: request.limits ?? (inside ? configuration.limits : ResourceLimits()),
            network: request.network ?? (inside ? configuration.network : .open), timeZone: request.timeZone,
            hostname: request.hostname,
            idleTimeToLive: request.idleTimeToLive ?? configuration.idleTimeToLive,
            maximumLife: request.maximumLife ?? configuration.maximumLife, endsWithCreator: request.endsWithCreator,
            labels: request.labels.isEmpty ? nil : request.labels,
            packages: request.packages.isEmpty ? nil : request.packages, provision: request.provision == .required ? nil : request.provision
        )
    }

    /// The override wins over the mode.
    static func wantsSandbox(override: Bool?, isMain: Bool, mode: SandboxMode) -> Bool {
        if let override { return override }
        return switch mode {
        case .off: false
        case .nonMain: !isMain
        case .all: true
        }
    }

    func wantsSandbox(_ mode: SandboxMode) -> Bool { Self.wantsSandbox(override: sandbox, isMain: isMain, mode: mode) }

    func query(_ mode: SandboxMode) -> Router.Query {
        Router.Query(
            wantsSandbox: wantsSandbox(mode), backend: backend, statedFloor: floor,
            needs: Router.needs(
                limits: limits, network: network, image: image, workspace: workspace, workspacePath: workspacePath, home: home,
                mounts: mounts) + Router.needs(packages: packages ?? []))
    }

    private static func check(_ request: SessionRequest) throws {
        if let name = request.name { try checkName(name) }
        if let agent = request.agent {
            guard (1...128).contains(agent.utf8.count), agent.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw SandboxError(
                    .invalidArgument, "that is not the name of an agent", remedy: "use 1 to 128 bytes without control characters")
            }
        }
        try SessionSecrets.check(request.environment)
        if let zone = request.timeZone { _ = try TimeZoneName.validated(zone) }
        try checkLabels(request.labels)
        if let hostname = request.hostname { try checkHostname(hostname) }
        for life in [request.idleTimeToLive, request.maximumLife] { if let life { try checkLife(life) } }
        if case .synced(let sync) = request.workspace { try checkSync(sync) }
        if case .reference(let text) = request.image { _ = try ImageExpression(parsing: text) }
        try checkPackages(request.packages)
        for mount in request.mounts where !mount.target.isAbsolute || !mount.source.isAbsolute {
            throw SandboxError(
                .invalidArgument, "the mount \(mount.source) → \(mount.target) is not absolute", remedy: "give two absolute paths")
        }
    }

    static func checkLabels(_ labels: [String: String]) throws {
        for name in labels.keys {
            let isPlain = name.utf8.allSatisfy { byte in
                (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x5F || byte == 0x2E
            }
            guard (1...63).contains(name.utf8.count), isPlain else {
                throw SandboxError(
                    .invalidArgument, "'\(name.prefix(80))' is not the name of a label", remedy: "use 1 to 63 of a-z, 0-9, '-', '_' and '.'"
                )
            }
        }
        let size = labels.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard labels.count <= 64, size <= 64 << 10 else {
            throw SandboxError(.limitExceeded, "these are too many labels", remedy: "use at most 64 labels and 64 KiB in all")
        }
    }

    private static func checkSync(_ sync: WorkspaceSync) throws {
        guard sync.directory.isAbsolute, sync.directory.lexicallyNormalized().string != "/" else {
            throw SandboxError(
                .invalidArgument, "'\(sync.directory)' cannot be a synced workspace",
                remedy: "give the absolute path of a project directory")
        }
        if let interval = sync.interval { try checkLife(interval) }
        for name in sync.ignoreFiles where name.isEmpty || name.contains("/") || name.utf8.contains(0) {
            throw SandboxError(.invalidArgument, "'\(name.prefix(80))' is no name of an ignore file", remedy: "give a name without a slash")
        }
    }

    private static func checkPackages(_ names: [String]) throws {
        for name in try PackageSet.expand(names) {
            let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard PackageMap.isWellFormed(String(parts.last ?? "")), parts.count == 1 || PackageManager(rawValue: String(parts[0])) != nil
            else {
                throw SandboxError(
                    .invalidArgument, "no package can be called '\(name.prefix(80))'",
                    remedy: "write a Debian name, apt:NAME, dnf:NAME or apk:NAME, or a set such as @web")
            }
        }
    }

    static func checkName(_ name: String) throws {
        _ = try SessionName(validating: name)
        guard !name.hasPrefix("ses-") else {
            throw SandboxError(
                .invalidArgument, "'\(name)' looks like a session's id", remedy: "choose a name that does not begin with 'ses-'")
        }
    }

    static func checkHostname(_ name: String) throws {
        let allowed = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
        }
        guard (1...64).contains(name.utf8.count), allowed, name.first != "-", name.first != "." else {
            throw SandboxError(
                .invalidArgument, "'\(name.prefix(80))' is not a host name",
                remedy: "use 1 to 64 letters, digits, '-' and '.', starting with a letter or a digit")
        }
    }

    static func checkLife(_ life: Duration) throws {
        guard life > .zero else {
            throw SandboxError(.invalidArgument, "a time to live of \(life) is no time", remedy: "give a positive duration")
        }
    }
}
