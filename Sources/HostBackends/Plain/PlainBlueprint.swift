import GuestClient
import SandboxCore
import SandboxProcess
import SystemPackage

/// A sandbox without namespaces of its own: directories on the host, and a guest that is an ordinary process.
struct PlainBlueprint {
    var folder: SandboxFolder
    /// Holds what is made for the sandbox: `workspace`, `home`, `tmp`, `state`.
    var base: FilePath
    var extraDirectory: FilePath?
    var workspace: FilePath
    var isWorkspaceReadOnly = false
    /// Directories to make, in this order.
    var directories: [FilePath] = []
    var user: SpawnRequest.User?
    var enforcement: LimitEnforcement
    var locator: Locator

    /// - Parameters:
    ///   - runAs: whom root's sandboxes run as; nil keeps the user.
    ///   - allowsRoot: whether a workspace of root may be worked on as root.
    init(
        _ spec: SandboxSpec, host: HostEnvironment, guest: FilePath, runAs: SpawnRequest.User?, allowsRoot: Bool,
        privateDirectory: FilePath, backend: BackendID
    ) throws {
        let paths = HostPaths(dataDirectory: host.dataDirectory)
        folder = SandboxFolder(spec.id, in: host.dataDirectory)
        guard spec.image == .backendDefault else {
            throw SandboxError(
                .unsupported, "commands run on the host's own files here, so no image can be chosen",
                remedy: "choose a backend with the capability images", backend: backend)
        }
        guard spec.workspacePath == nil else {
            throw SandboxError(
                .unsupported, "the workspace is where it is on the host: without a mount namespace it has no other place",
                remedy: "choose a backend with the capability workspace-path", backend: backend)
        }
        guard spec.mounts.isEmpty else {
            throw SandboxError(
                .unsupported, "nothing can be mounted without a mount namespace",
                remedy: "choose a backend with the capability extra-mounts", backend: backend)
        }
        var home: FilePath?
        if case .directory(let path) = spec.home { home = try paths.source(path, what: "the home directory", mustBeDirectory: true) }
        var mounted: FilePath?
        if case .mounted(let path, let readOnly) = spec.workspace {
            mounted = try paths.source(path, what: "the workspace", mustBeDirectory: true)
            isWorkspaceReadOnly = readOnly
        }
        user = try Self.user(mounted, host: host, runAs: runAs, allowsRoot: allowsRoot, backend: backend)
        base = folder.path
        if let user {
            for path in [guest, mounted, home].compactMap({ $0 }) where !HostPaths.canReach(path, as: user) {
                throw SandboxError(
                    .denied, "user \(user.uid), as whom the sandbox would run, cannot reach \(path)",
                    remedy: "let that user pass through the directories above it (chmod o+x)", backend: backend)
            }
            if !HostPaths.canReachBelow(host.dataDirectory, as: user) {
                base = privateDirectory.appending(spec.id.rawValue)
                extraDirectory = base
            }
        }
        workspace = mounted ?? base.appending("workspace")
        let homePath = home ?? base.appending("home")
        let temporary = base.appending("tmp")
        let state = base.appending("state")
        if mounted == nil { directories.append(workspace) }
        if home == nil { directories.append(homePath) }
        directories += [temporary, state]

        let isRoot = user == nil && host.isRoot
        enforcement = try LimitEnforcement(
            spec.limits, for: spec.id, layout: host.cgroups, ownProcesses: 1, isRoot: isRoot, alwaysGroup: true)
        locator = Locator(workspace: workspace, home: homePath)
        locator.group = enforcement.group
        locator.extraDirectory = extraDirectory
        locator.variables = ["TMPDIR": temporary.string, SandboxRemoval.marker: spec.id.rawValue]
        if !spec.environment.isEmpty { locator.environmentFile = EnvironmentFile.place(in: state) }
    }

    private static func user(
        _ mounted: FilePath?, host: HostEnvironment, runAs: SpawnRequest.User?, allowsRoot: Bool, backend: BackendID
    ) throws -> SpawnRequest.User? {
        guard host.isRoot, let runAs else { return nil }
        guard let mounted else { return runAs }
        guard let owner = HostPaths.owner(of: mounted) else {
            throw SandboxError(.notFound, "the workspace \(mounted) is gone", remedy: "make it again", backend: backend)
        }
        if owner.uid != 0 { return owner }
        guard allowsRoot else {
            throw SandboxError(
                .denied, "the workspace \(mounted) belongs to root, so its commands would run as the host's root",
                remedy: "give the workspace to an ordinary user, choose bubblewrap, or set allow_root = true", backend: backend)
        }
        return nil
    }
}
