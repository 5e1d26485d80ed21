import GuestClient
import SandboxCore

/// What no service can be asked for. Each is refused before anything is made.
struct CloudRefusals {
    let backend: BackendID

    init(_ backend: BackendID) { self.backend = backend }

    func check(_ spec: SandboxSpec) throws {
        try EnvironmentFile.check(spec.environment)
        func refuse(_ what: String, _ remedy: String) -> SandboxError {
            SandboxError(.unsupported, "\(what) at a service", remedy: remedy, backend: backend)
        }
        if case .mounted = spec.workspace {
            throw refuse("a directory of this machine cannot be mounted", "use --sync, which copies both ways")
        }
        guard spec.mounts.isEmpty else { throw refuse("files of this machine cannot be mounted", "drop --mount, or copy them in") }
        if case .directory = spec.home { throw refuse("a home directory of this machine cannot be used", "set home = \"ephemeral\"") }
        guard spec.workspacePath == nil else {
            throw refuse("the workspace's place cannot be chosen", "drop it: the workspace is below the service's work directory")
        }
        guard spec.hostname == SandboxSpec(owner: spec.owner).hostname else {
            throw refuse("the host name cannot be chosen", "drop --hostname")
        }
        guard spec.limits == ResourceLimits() else {
            throw refuse("limits cannot be set", "drop them, or choose a template or image of that size in the settings")
        }
        guard case .backendDefault = spec.image else {
            throw refuse("a container image cannot be started", "drop --image, and name a template in the settings of backends.\(backend)")
        }
    }
}
