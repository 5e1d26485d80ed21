import SandboxCore

extension ContainerSettings.Hatch {
    /// How much is left of a container's isolation.
    var isolation: Isolation {
        switch self {
        case .hostPodman: .none
        case .nestedPodman: .process
        }
    }

    /// For every place where it is to be seen.
    var warning: String {
        switch self {
        case .hostPodman: "allow_host_podman is on: sandboxes have the host's Podman, and with it everything of its user"
        case .nestedPodman: "allow_nested_podman is on: sandboxes are privileged containers without filters"
        }
    }
}
