import SandboxCore
import SandboxProcess
import SystemPackage

/// Which user of the host a sandbox is.
///
/// An ordinary user's sandboxes are that user. Root's are not root where that can be: a mounted workspace of somebody else is worked on as
/// its owner, a private one as a user number of its own. Only for a workspace that belongs to root (or that this user could not reach) is
/// the sandbox root in a user namespace, without capabilities and with the kernel's root-owned files masked.
enum RunIdentity: Equatable {
    /// As ourselves, who are not root.
    case ourselves
    case user(SpawnRequest.User)
    case rootInNamespace(reason: String)

    static func choose(
        _ workspace: WorkspaceChoice, host: HostEnvironment, settings: BubblewrapSettings, sources: [FilePath]
    ) -> RunIdentity {
        guard host.isRoot else { return .ourselves }
        if settings.runAs.uid == 0 { return .rootInNamespace(reason: "the setting run_as is 0") }
        var user = settings.runAs
        if case .mounted(let path, _) = workspace {
            guard let owner = HostPaths.owner(of: path), owner.uid != 0 else {
                return .rootInNamespace(reason: "the workspace belongs to root")
            }
            user = owner
        }
        if let far = sources.first(where: { !HostPaths.canReach($0, as: user) }) {
            return .rootInNamespace(reason: "user \(user.uid) cannot reach \(far)")
        }
        return .user(user)
    }

    var user: SpawnRequest.User? {
        if case .user(let user) = self { user } else { nil }
    }
    var isRoot: Bool {
        if case .rootInNamespace = self { true } else { false }
    }
}
