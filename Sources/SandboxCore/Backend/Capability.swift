/// What only some backends do. A backend that names one must pass its conformance cases; one that does not name it must refuse with `unsupported`.
public enum Capability: String, Sendable, Codable, CaseIterable, Comparable {
    /// A host directory can be the workspace, as it is.
    case mountedWorkspace = "mounted-workspace"
    /// A host directory can be mounted elsewhere.
    case extraMounts = "extra-mounts"
    /// Pseudo-terminals with resize.
    case terminal
    /// Execs outlive their channel and are re-attached by offset.
    case detachedExecs = "detached-execs"
    /// A sandbox outlives Sandlot and is attached again.
    case reattach
    /// Commands can run as another user of the sandbox.
    case users
    /// The file system seam's operations.
    case files
    /// `network: none` is enforced.
    case networkNone = "network-none"
    /// `network: open` works.
    case networkOpen = "network-open"
    case memoryLimit = "memory-limit"
    case processorLimit = "processor-limit"
    case processLimit = "process-limit"
    case diskLimit = "disk-limit"
    /// Graphics processors of the host can be given to it.
    case gpus
    /// What the sandbox sees as its files is not the host's.
    case privateFileSystem = "private-file-system"
    /// A command cannot see or signal what is not of its sandbox.
    case processIsolation = "process-isolation"
    /// An image other than the backend's own can be chosen.
    case images
    /// The workspace can be seen at another place than the backend's usual one.
    case workspacePath = "workspace-path"
    /// Images are made from package lists and Dockerfiles: the backend is an `ImageBuildingBackend`.
    case imageBuild = "image-build"

    /// Alphabetical.
    public static func < (left: Capability, right: Capability) -> Bool { left.rawValue < right.rawValue }
}
