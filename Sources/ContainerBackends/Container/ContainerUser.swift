import SandboxCore
import SandboxProcess
import SystemPackage

/// Who a sandbox' processes are.
///
/// An ordinary user's sandboxes are that user. Root's work on a mounted workspace as its owner, and on a private one as a number that no other
/// sandbox and no account has: nothing is ever given to another owner at run time. Only a workspace of root's own is worked on as root,
/// without any capability.
struct ContainerUser: Equatable {
    /// As the container counts.
    var inside: SpawnRequest.User
    /// As the host counts: owner of what is mounted.
    var outside: SpawnRequest.User

    /// Above the ranges that systemd and `subuid` hand out.
    private static let firstOwn: UInt32 = 0x7000_0000

    /// Where the container's users are mapped and nothing of the host is mounted, any number of the usual range will do.
    private static let ordinary: UInt32 = 1000

    static func choose(
        _ spec: SandboxSpec, workspace: FilePath?, delivery: Delivery, host: HostFacts, settings: ContainerSettings, engine: EngineAPI
    ) -> ContainerUser {
        if delivery == .sent, engine.facts.isRootless || engine.facts.mapsUsers {
            let user = SpawnRequest.User(uid: ordinary, gid: ordinary)
            return ContainerUser(inside: user, outside: user)
        }
        if engine.facts.isRootless {
            switch engine.dialect.rootlessUser {
            case .kept: return ContainerUser(inside: host.user, outside: host.user)
            case .rootInside: return ContainerUser(inside: SpawnRequest.User(uid: 0, gid: 0), outside: host.user)
            }
        }
        guard host.isRoot else { return ContainerUser(inside: host.user, outside: host.user) }
        let user: SpawnRequest.User
        if let workspace, let owner = HostPaths.owner(of: workspace) {
            user = owner
        } else if settings.runAs != 0 {
            user = SpawnRequest.User(uid: settings.runAs, gid: settings.runAs)
        } else {
            user = own(spec.id)
        }
        return ContainerUser(inside: user, outside: user)
    }

    /// A number that belongs to this sandbox and to no account.
    static func own(_ id: SandboxID) -> SpawnRequest.User {
        let digest = Digest.hex(Array(id.rawValue.utf8))
        let number = firstOwn + (UInt32(digest.prefix(6), radix: 16) ?? 0)
        return SpawnRequest.User(uid: number, gid: number)
    }
}
