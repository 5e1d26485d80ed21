import SandboxCore

/// Compares a specification with what a descriptor claims.
struct SpecCheck {
    let descriptor: BackendDescriptor

    /// Throws `unsupported` for the first word of the specification that is not claimed.
    func check(_ spec: SandboxSpec) throws {
        if case .mounted = spec.workspace { try require(.mountedWorkspace, "mount a workspace") }
        if spec.workspacePath != nil { try require(.workspacePath, "put the workspace at another place") }
        if case .directory = spec.home { try require(.extraMounts, "mount a home directory") }
        if !spec.mounts.isEmpty { try require(.extraMounts, "mount directories of the host") }
        if spec.image != .backendDefault { try require(.images, "use another image") }
        try require(spec.network == .none ? .networkNone : .networkOpen, "give the network policy '\(spec.network.rawValue)'")
        if spec.limits.memory != nil { try require(.memoryLimit, "limit memory") }
        if spec.limits.processors != nil { try require(.processorLimit, "limit processors") }
        if spec.limits.processes != nil { try require(.processLimit, "limit processes") }
        if spec.limits.disk != nil { try require(.diskLimit, "limit disk space") }
        if spec.limits.gpus != nil { try require(.gpus, "give GPUs") }
    }

    private func require(_ capability: Capability, _ what: String) throws {
        guard descriptor.capabilities.contains(capability) else {
            throw SandboxError(
                .unsupported, "this backend cannot \(what)", remedy: "leave it out or choose a backend with '\(capability.rawValue)'",
                backend: descriptor.id)
        }
    }
}
