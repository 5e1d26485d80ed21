import Glibc
import SandboxCore
import SandboxHTTP
import SandboxProcess
import SystemPackage

/// What a hatch changes in a container.
struct HatchOpening {
    /// In a sandbox' locator: the engine's address inside.
    static let key = "engine"
    private static let socket: FilePath = "/.sandlot/engine.sock"

    let locator: [String: String]
    private let hatch: ContainerSettings.Hatch
    private let mount: EngineMessage.Create.Mount?

    /// Throws when the sandbox' user could not go through it: a hatch that does not open would only be a danger.
    init(_ hatch: ContainerSettings.Hatch, engine: EngineAPI, delivery: Delivery, user: SpawnRequest.User) throws {
        self.hatch = hatch
        guard hatch == .hostPodman else {
            mount = nil
            locator = [:]
            return
        }
        guard delivery == .mounted else {
            throw SandboxError(
                .unsupported, "allow_host_podman mounts the engine's socket, and nothing of this machine is mounted there",
                remedy: "use an engine on this machine by its unix socket, with guest_delivery = auto", backend: engine.dialect.id)
        }
        guard engine.service == nil, case .unixSocket(let path) = engine.client.endpoint else {
            throw SandboxError(
                .unavailable, "allow_host_podman needs a Podman service that outlives Sandlot, and there is none",
                remedy: engine.dialect.start, backend: engine.dialect.id)
        }
        var status = stat()
        let isThere = stat(path.string, &status) == 0
        let mode = status.st_mode
        let isOpen =
            user.uid == 0 || mode & 0o002 != 0 || (status.st_uid == user.uid && mode & 0o200 != 0)
            || (status.st_gid == user.gid && mode & 0o020 != 0)
        guard isThere, isOpen else {
            throw SandboxError(
                .denied, "the sandbox' user \(user.uid) may not use the Podman socket \(path)",
                remedy: "run Sandlot and Podman as the same ordinary user", backend: engine.dialect.id)
        }
        mount = EngineMessage.Create.Mount(Source: try engine.paths.map(path).string, Target: Self.socket.string, ReadOnly: false)
        locator = [Self.key: "unix://\(Self.socket)"]
    }

    func apply(to host: inout EngineMessage.Create.Host, _ arguments: inout [String]) {
        switch hatch {
        case .hostPodman:
            if let mount { host.Mounts.append(mount) }
            // SELinux keeps containers from the host's sockets.
            host.SecurityOpt.append("label=disable")
        case .nestedPodman:
            host.Privileged = true
            host.CapDrop = []
            // A container's tools gain the rights for making another one by a set-user-id bit, and by new namespaces.
            host.SecurityOpt = []
            arguments.removeAll { $0 == "--filter-calls" }
        }
    }
}
