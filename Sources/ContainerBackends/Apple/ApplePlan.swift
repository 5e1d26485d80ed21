import GuestClient
import SandboxCore
import SandboxProcess
import SystemPackage

/// The command line that makes one sandbox' container. Making it touches nothing; what cannot be enforced throws.
///
/// No value of an environment is in it: environments go to each exec over the channel.
struct ApplePlan {
    /// Where things are inside.
    enum Place {
        static let guestFolder: FilePath = "/.sandlot/bin"
        static let guest: FilePath = "/.sandlot/bin/guest"
        static let state: FilePath = "/.sandlot/state"
        static let door: FilePath = "/.sandlot/state/door"
        static let socket: FilePath = "/.sandlot/state/door/guest"
        static let lifeline: FilePath = "/.sandlot/state/door/life"
        static let workspace: FilePath = "/workspace"
        static let home: FilePath = "/home/sandbox"
    }

    let arguments: [String]
    let name: String
    let folder: ContainerFolder
    let locator: [String: String]
    /// Of everything that shapes the container but its image: that is chosen anew for new sandboxes only.
    let fingerprint: String

    /// For naming the machine, giving two directories away and becoming the user. The guest has none of them when it begins to serve.
    private static let capabilities = ["CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]

    init(_ spec: SandboxSpec, image: String, share: FilePath, host: HostFacts, settings: AppleSettings) throws {
        try Self.check(spec)
        folder = ContainerFolder(spec.id, in: host.dataDirectory)
        name = ContainerLabels.name(of: spec.id)
        let sources = HostPaths(dataDirectory: host.dataDirectory)
        func directory(_ path: FilePath, _ what: String) throws -> FilePath { try sources.source(path, what: what, mustBeDirectory: true) }

        let inside = try spec.workspacePath.map { try HostPaths.target($0) } ?? Place.workspace

        let guest = try Self.volume(share, Place.guestFolder, readOnly: true)
        var mounts = [guest]
        var own: [FilePath] = []
        var owner: SpawnRequest.User?
        switch spec.workspace {
        // On the machine's own disk, which is several times faster than a shared directory.
        case .private, .synced: own.append(inside)
        case .mounted(let path, let readOnly):
            let real = try directory(path, "the workspace")
            owner = HostPaths.owner(of: real)
            mounts.append(try Self.volume(real, inside, readOnly: readOnly))
        }
        switch spec.home {
        case .ephemeral: own.append(Place.home)
        case .directory(let path): mounts.append(try Self.volume(try directory(path, "the home directory"), Place.home))
        }
        for mount in spec.mounts {
            let target = try HostPaths.target(mount.target)
            mounts.append(try Self.volume(try directory(mount.source, "the mount's source"), target, readOnly: mount.readOnly))
        }
        let user = Self.user(spec, owner: owner, host: host)

        var locator = ["container": name, "workspace": inside.string, "home": Place.home.string]
        if !spec.environment.isEmpty { locator["environment"] = Place.state.appending("environment").string }
        self.locator = locator

        var line = ["--name", name, "--uid", "0", "--gid", "0", "--workdir", "/", "--entrypoint", Place.guest.string, "--cap-drop", "ALL"]
        line += Self.capabilities.flatMap { ["--cap-add", $0] }
        line += ["/tmp", "/run", Place.state.string].flatMap { ["--tmpfs", $0] }
        line += mounts.flatMap { ["--volume", $0] }
        if spec.network == .none { line += ["--network", "none", "--no-dns"] }
        if spec.endsWithCreator { line.append("--rm") }
        let memory = spec.limits.memory.map { Int(clamping: $0 >> 20) } ?? settings.memory
        if memory > 0 { line += ["--memory", "\(memory)M"] }
        if settings.processors > 0 { line += ["--cpus", "\(settings.processors)"] }
        let processes = Int(spec.limits.processes ?? UInt32(settings.processes)) + AppleLimits.ownProcesses
        var serve = [
            "serve", "--listen-in", Place.door.string, "--become", "\(user.uid):\(user.gid)", "--hostname", spec.hostname, "--filter-calls",
            "--max-processes", "\(processes)", "--cwd", inside.string, "--sandbox", spec.id.rawValue,
        ]
        serve += own.flatMap { ["--own", $0.string] }
        if spec.endsWithCreator { serve.append("--lifeline") }

        var labels = ContainerLabels.identifying(spec.id, owner: spec.owner, backend: AppleContainerBackend.id)
        // Where our own executable lies says nothing about the sandbox.
        let shape = line.filter { $0 != guest } + serve
        fingerprint = Digest.hex(Array(shape.joined(separator: "\0").utf8))
        labels[ContainerLabels.fingerprint] = fingerprint
        labels[ContainerLabels.session] = spec.session?.rawValue
        line += labels.sorted { $0.key < $1.key }.flatMap { ["--label", "\($0.key)=\($0.value)"] }
        arguments = line + [image] + serve
    }

    /// An ordinary user's sandboxes are that user, so that both sides own what either makes. Root's are the workspace's owner, and where that
    /// is root too a number of their own.
    private static func user(_ spec: SandboxSpec, owner: SpawnRequest.User?, host: HostFacts) -> SpawnRequest.User {
        if !host.isRoot, host.user.gid != 0 { return host.user }
        if let owner, owner.uid != 0 { return SpawnRequest.User(uid: owner.uid, gid: owner.gid == 0 ? owner.uid : owner.gid) }
        return ContainerUser.own(spec.id)
    }

    /// The command's own form; it knows no way to write a colon.
    private static func volume(_ source: FilePath, _ target: FilePath, readOnly: Bool = false) throws -> String {
        for path in [source, target] where path.string.contains(":") {
            throw SandboxError(
                .invalidArgument, "the path '\(path)' holds a colon, which Apple's container command cannot mount",
                remedy: "use a path without one", backend: AppleContainerBackend.id)
        }
        return "\(source):\(target)" + (readOnly ? ":ro" : "")
    }

    private static func check(_ spec: SandboxSpec) throws {
        func refuse(_ code: SandboxError.Code, _ message: String, _ remedy: String) -> SandboxError {
            SandboxError(code, message, remedy: remedy, backend: AppleContainerBackend.id)
        }
        try EnvironmentFile.check(spec.environment)
        try HostName.check(spec.hostname, backend: AppleContainerBackend.id)
        if spec.limits.disk != nil {
            throw refuse(.unsupported, "a disk limit cannot be enforced by this backend", "choose one with the capability disk-limit")
        }
        if spec.limits.gpus != nil {
            throw refuse(
                .unsupported, "Apple's virtual machines have no GPUs", "drop --gpus, or choose a backend with the capability gpus")
        }
        if spec.limits.processors != nil {
            throw refuse(
                .unsupported, "Apple's container command gives whole processors to a machine, not shares of time",
                "drop the limit and use the setting processors of this backend, or choose one with the capability processor-limit")
        }
        if let memory = spec.limits.memory, memory < UInt64(AppleLimits.smallestMemory) << 20 {
            throw refuse(
                .invalidArgument, "a memory limit of \(memory) bytes is too small for a virtual machine",
                "use at least \(AppleLimits.smallestMemory) MiB")
        }
        if spec.limits.processes == 0 {
            throw refuse(.invalidArgument, "a limit of 0 processes leaves no command to run", "use at least 1")
        }
    }
}
