import SandboxCore
import SandboxProcess
import SystemPackage

/// What a container gets of files besides its image. Making it touches nothing.
struct ContainerFiles {
    /// Seen inside as they are on the host.
    var mounts: [EngineMessage.Create.Mount] = []
    /// Directories of the sandbox' folder on the host that its user owns.
    var ownDirectories: [(path: FilePath, mode: UInt32)] = []
    /// Directories of the container's own layer that its user owns.
    var sentDirectories: [(path: FilePath, mode: UInt32)] = []
    /// Files of the host that are copied into the container's own layer.
    var sentFiles: [(source: FilePath, path: FilePath, mode: UInt32)] = []
    /// Where a mounted workspace is on the host.
    var mountedWorkspace: FilePath?

    /// Where the workspace is inside.
    private let workspace: FilePath

    private typealias Place = ContainerPlan.Place

    /// - Parameter workspace: where the workspace is inside.
    init(
        _ spec: SandboxSpec, at workspace: FilePath, delivery: Delivery, folder: ContainerFolder, host: HostFacts, engine: EngineAPI,
        settings: ContainerSettings
    ) throws {
        self.workspace = workspace
        switch delivery {
        case .mounted: try addMounts(spec, folder, host, outside: engine.paths)
        case .sent: try addSent(spec, host, settings)
        }
    }

    private mutating func addMounts(_ spec: SandboxSpec, _ folder: ContainerFolder, _ host: HostFacts, outside: HostPathMap) throws {
        let sources = HostPaths(dataDirectory: host.dataDirectory)
        func bind(_ source: FilePath, _ target: FilePath, readOnly: Bool = false) throws -> EngineMessage.Create.Mount {
            EngineMessage.Create.Mount(Source: try outside.map(source).string, Target: target.string, ReadOnly: readOnly)
        }
        mounts = [
            try bind(try GuestShare.file(for: outside, host), Place.guest, readOnly: true),
            try bind(folder.door, Place.door, readOnly: true),
        ]
        ownDirectories = [(folder.temporary, 0o1777)]
        mounts.append(try bind(folder.temporary, Place.temporary))
        switch spec.workspace {
        case .private, .synced:
            ownDirectories.append((folder.workspace, 0o700))
            mounts.append(try bind(folder.workspace, workspace))
        case .mounted(let path, let readOnly):
            let real = try sources.source(path, what: "the workspace", mustBeDirectory: true)
            mountedWorkspace = real
            mounts.append(try bind(real, workspace, readOnly: readOnly))
        }
        switch spec.home {
        case .ephemeral:
            ownDirectories.append((folder.home, 0o700))
            mounts.append(try bind(folder.home, Place.home))
        case .directory(let path):
            mounts.append(try bind(try sources.source(path, what: "the home directory", mustBeDirectory: true), Place.home))
        }
        for mount in spec.mounts {
            let real = try sources.source(mount.source, what: "the mount's source", mustBeDirectory: false)
            mounts.append(try bind(real, try HostPaths.target(mount.target), readOnly: mount.readOnly))
        }
        if Self.zoneFile(for: spec) != nil { mounts.append(try bind(Self.zones, Self.zones, readOnly: true)) }
    }

    private mutating func addSent(_ spec: SandboxSpec, _ host: HostFacts, _ settings: ContainerSettings) throws {
        var mounted: String?
        if case .mounted = spec.workspace { mounted = "the workspace" }
        if case .directory = spec.home { mounted = "the home directory" }
        if !spec.mounts.isEmpty { mounted = "a directory" }
        if let mounted {
            throw SandboxError(
                .unsupported, "\(mounted) cannot be mounted: the engine does not see this machine's files",
                remedy: "use a private or synced workspace, or an engine on this machine by its unix socket")
        }
        if settings.readOnlyRoot {
            throw SandboxError(
                .unsupported, "read_only_root leaves no place for the guest where the engine does not see this machine's files",
                remedy: "set read_only_root = false for this engine")
        }
        sentFiles = [(try host.guest(), Place.guest, 0o755)]
        sentDirectories = [(workspace, 0o700), (Place.home, 0o700), (Place.temporary, 0o1777)]
        if let zone = Self.zoneFile(for: spec) { sentFiles.append((try HostPaths.real(zone, what: "the time zone"), zone, 0o644)) }
    }

    private static let zones: FilePath = "/usr/share/zoneinfo"

    /// The host's file of the sandbox' time zone: small images have no zone database, and there every zone would be UTC.
    private static func zoneFile(for spec: SandboxSpec) -> FilePath? {
        guard let zone = spec.timeZone, TimeZoneName.isValid(zone), !spec.mounts.contains(where: { $0.target.starts(with: zones) }) else {
            return nil
        }
        let file = zones.appending(zone)
        return HostDirectory.exists(file) ? file : nil
    }
}
