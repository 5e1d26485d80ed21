import GuestClient
import Logging
import SandboxCore
import SandboxProcess
import SystemPackage

/// A specification after all checks: what will be made, and nothing is made yet.
struct SandboxBlueprint {
    var plan: BubblewrapPlan
    var files: [PlacedFile]
    /// The host's configuration, where the sandbox has the host's system files, and where it is kept.
    var configuration: (files: ConfigurationFiles, store: ConfigurationStore)?
    var identity: RunIdentity
    var enforcement: LimitEnforcement
    var folder: SandboxFolder
    /// The directory of a private workspace, which is to be made.
    var privateWorkspace: FilePath?
    /// The directory outside of the folder that is to be made first, holding the private workspace.
    var extraDirectory: FilePath?
    var locator: Locator

    init(_ spec: SandboxSpec, host: HostEnvironment, settings: BubblewrapSettings, guest: FilePath, knowsSize: Bool = true) throws {
        let paths = HostPaths(dataDirectory: host.dataDirectory)
        try Self.check(hostname: spec.hostname)
        folder = SandboxFolder(spec.id, in: host.dataDirectory)

        let inside = try spec.workspacePath.map { try HostPaths.target($0) } ?? BubblewrapPlan.Place.workspace
        var sources = [guest]
        var mountNodes: [BubblewrapPlan.Node] = []
        for mount in spec.mounts {
            let source = try paths.source(mount.source, what: "the mount source", mustBeDirectory: false)
            sources.append(source)
            mountNodes.append(.bind(source: source, target: try HostPaths.target(mount.target), readOnly: mount.readOnly))
        }
        // A limit that no control group holds must not be got round by files in memory.
        let size = knowsSize ? min(settings.memoryFiles, spec.limits.memory ?? .max) : nil
        func small(_ size: UInt64) -> UInt64? { knowsSize ? size : nil }
        var homeNode = BubblewrapPlan.Node.memory(BubblewrapPlan.Place.home, mode: 0o700, size: size)
        if case .directory(let home) = spec.home {
            let source = try paths.source(home, what: "the home directory", mustBeDirectory: true)
            sources.append(source)
            homeNode = .bind(source: source, target: BubblewrapPlan.Place.home, readOnly: false)
        }
        let workspaceNode: BubblewrapPlan.Node
        var choice = spec.workspace
        switch spec.workspace {
        case .mounted(let path, let readOnly):
            let source = try paths.source(path, what: "the workspace", mustBeDirectory: true)
            sources.append(source)
            choice = .mounted(source, readOnly: readOnly)
            identity = RunIdentity.choose(choice, host: host, settings: settings, sources: sources)
            workspaceNode = .bind(source: source, target: inside, readOnly: readOnly)
        case .private, .synced:
            identity = RunIdentity.choose(choice, host: host, settings: settings, sources: sources)
            var place = folder.path.appending("workspace")
            if let user = identity.user, !HostPaths.canReachBelow(host.dataDirectory, as: user) {
                let extra = settings.privateDirectory.appending(spec.id.rawValue)
                if HostPaths.canReachBelow(settings.privateDirectory, as: user) {
                    extraDirectory = extra
                    place = extra.appending("workspace")
                } else {
                    identity = .rootInNamespace(reason: "user \(user.uid) cannot reach \(settings.privateDirectory)")
                }
            }
            privateWorkspace = place
            workspaceNode = .bind(source: place, target: inside, readOnly: false)
        }

        // Process 1 and bwrap itself are in the group too; a supervisor for each running exec counts as the sandbox' own.
        enforcement = try LimitEnforcement(
            spec.limits, for: spec.id, layout: host.cgroups, ownProcesses: 2, isRoot: identity.isRoot, hasUserNamespace: true)
        let rootNodes: [BubblewrapPlan.Node]
        switch spec.image {
        case .backendDefault:
            let configuration = try ConfigurationFiles(network: spec.network, hostname: spec.hostname)
            let isFar = identity.user.map { !HostPaths.canReachBelow(host.dataDirectory, as: $0) } ?? false
            let store = ConfigurationStore(directory: (isFar ? settings.privateDirectory : host.dataDirectory).appending("etc"))
            self.configuration = (configuration, store)
            rootNodes =
                try SystemTree.host(extra: settings.systemPaths)
                + [.bind(source: store.place(configuration), target: "/etc", readOnly: true)] + configuration.nodes
            files = []
        case .rootDirectory(let directory):
            let real = try paths.source(directory, what: "the root directory", mustBeDirectory: true)
            rootNodes = try SystemTree.directory(real, network: spec.network)
            files = HostDirectory.exists(real.appending("etc")) ? [] : PlacedFile.identity(hostname: spec.hostname)
        case .reference(let name):
            throw SandboxError(
                .unsupported, "bubblewrap has no images, so '\(name)' cannot be used",
                remedy: "name a root directory, or choose a backend with the capability images")
        }
        let fileNodes = files.enumerated().map { index, file in
            BubblewrapPlan.Node.file(descriptor: BubblewrapPlan.Descriptor.files + Int32(index), target: file.target)
        }
        var nodes: [BubblewrapPlan.Node] = [.memory("/", mode: 0o755, size: small(16 << 20))]
        // bwrap makes the folders of files that only their owner can enter.
        if !files.isEmpty { nodes.append(.directory("/etc", mode: 0o755)) }
        nodes += rootNodes + fileNodes
        nodes += [.process("/proc")] + (identity.isRoot ? SystemTree.masks() : [])
        nodes += [.devices("/dev"), .memory("/tmp", mode: 0o1777, size: size)]
        nodes += [.memory("/run", mode: 0o755, size: small(64 << 20))]
        nodes += [.directory(BubblewrapPlan.Place.runtime, mode: 0o700), .directory("/home", mode: 0o755), homeNode]
        nodes += [.directory("/.sandlot", mode: 0o755), .bind(source: guest, target: BubblewrapPlan.Place.guest, readOnly: true)]
        nodes += [workspaceNode] + mountNodes
        plan = BubblewrapPlan(nodes: nodes, network: spec.network, hostname: spec.hostname, endsWithCreator: spec.endsWithCreator)
        plan.workspace = inside
        plan.maximumProcesses = enforcement.inside

        locator = Locator(workspace: inside, home: BubblewrapPlan.Place.home)
        locator.group = enforcement.group
        locator.extraDirectory = extraDirectory
        if !spec.environment.isEmpty { locator.environmentFile = EnvironmentFile.place(in: BubblewrapPlan.Place.runtime) }
    }

    private static func check(hostname: String) throws {
        let allowed = hostname.utf8.allSatisfy { byte in
            (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D
                || byte == 0x2E
        }
        guard (1...63).contains(hostname.utf8.count), allowed, !hostname.hasPrefix("-"), !hostname.hasPrefix(".") else {
            throw SandboxError(
                .invalidArgument, "'\(hostname.prefix(80))' is not a host name", remedy: "use 1 to 63 letters, digits, '-' and '.'")
        }
    }
}
