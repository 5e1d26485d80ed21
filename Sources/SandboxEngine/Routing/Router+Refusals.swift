import SandboxCore
import SystemPackage

extension Router {
    /// What a backend cannot do for a request, floor aside.
    static func shortcoming(_ status: BackendStatus, _ needs: [Need]) -> Rejection? {
        if case .unavailable(let reason, let remedy) = status.availability {
            return Rejection(code: .unavailable, reason: reason, remedy: remedy)
        }
        let capabilities = status.descriptor.capabilities
        let missing = needs.filter { need in
            !capabilities.contains(need.capability) && need.alternative.map { capabilities.contains($0) } != true
        }
        guard let first = missing.first else { return nil }
        let list = missing.map { "\($0.reason) (\($0.capability.rawValue))" }.joined(separator: ", ")
        return Rejection(
            code: .unsupported, reason: "it cannot do: \(list)", remedy: "drop \(first.reason) from the request, or choose another backend")
    }

    static func belowFloor(_ descriptor: BackendDescriptor, _ floor: Isolation) -> Rejection {
        Rejection(
            code: .denied, reason: "its isolation '\(descriptor.isolation.rawValue)' is below the floor '\(floor.rawValue)'",
            remedy: "choose a stronger backend, or state a lower floor if that is what you want")
    }

    static func refusal(_ id: BackendID, _ rejection: Rejection) -> SandboxError {
        SandboxError(rejection.code, "cannot serve this session: \(rejection.reason)", remedy: rejection.remedy, backend: id)
    }

    static func unknown(_ id: BackendID, _ statuses: [BackendStatus]) -> SandboxError {
        let known = statuses.map(\.descriptor.id.rawValue).joined(separator: ", ")
        return SandboxError(
            .notFound, "there is no backend '\(id)'", remedy: known.isEmpty ? "none is registered" : "choose one of: \(known)")
    }

    /// Nothing serves: a capability or the floor is the user's to change, so these codes come before `unavailable`.
    static func nothing(_ reasons: [RouteDecision.Reason], _ rejections: [Rejection]) -> SandboxError {
        let code =
            rejections.contains { $0.code == .unsupported }
            ? SandboxError.Code.unsupported : rejections.contains { $0.code == .unavailable } ? .unavailable : .denied
        let list = reasons.map { "\($0.backend): \($0.reason)" }.joined(separator: "; ")
        let remedies = rejections.filter { $0.code == code }.map(\.remedy)
        return SandboxError(
            code, "no backend can serve this session (\(list.isEmpty ? "none is registered" : list))",
            remedy: remedies.first ?? "register a backend")
    }

    static func single(
        _ status: BackendStatus, _ reason: String, _ statuses: [BackendStatus], _ others: (BackendDescriptor) -> String
    ) -> Route {
        let chosen = RouteDecision.Reason(backend: status.descriptor.id, verdict: .chosen, reason: reason)
        let rest = statuses.map(\.descriptor).filter { $0.id != status.descriptor.id }.map {
            RouteDecision.Reason(backend: $0.id, verdict: .rejected, reason: others($0))
        }
        let decision = RouteDecision(
            chosen: status.descriptor.id, isolation: status.descriptor.isolation, isAutomatic: false, reasons: [chosen] + rest)
        return Route(decision: decision, candidates: [status.descriptor.id])
    }

    /// What a request asks of any backend.
    static func needs(
        limits: ResourceLimits, network: NetworkPolicy?, image: ImageChoice, workspace: WorkspaceChoice, workspacePath: FilePath? = nil,
        home: HomePersistence, mounts: [Mount]
    ) -> [Need] {
        var needs: [Need] = []
        let isMounted = if case .mounted = workspace { true } else { false }
        let isSynced = if case .synced = workspace { true } else { false }
        func need(_ capability: Capability, _ reason: String, if condition: Bool) {
            if condition { needs.append(Need(capability: capability, reason: reason)) }
        }
        need(.memoryLimit, "the memory limit", if: limits.memory != nil)
        need(.processorLimit, "the processor limit", if: limits.processors != nil)
        need(.processLimit, "the limit of processes", if: limits.processes != nil)
        need(.diskLimit, "the disk limit", if: limits.disk != nil)
        need(.gpus, "the GPUs", if: limits.gpus != nil)
        need(.networkNone, "network 'none'", if: network == NetworkPolicy.none)
        need(.networkOpen, "network 'open'", if: network == .open)
        if case .reference(let text) = image, text.hasPrefix("@") {
            need(.imageBuild, "the image \(text), which is built", if: true)
        } else {
            need(.images, "the chosen image", if: image != .backendDefault)
        }
        need(.mountedWorkspace, "the mounted workspace", if: isMounted)
        need(.workspacePath, "the workspace's place", if: workspacePath != nil)
        need(.files, "the synced workspace", if: isSynced)
        need(.extraMounts, "the home that is kept", if: home != .ephemeral)
        need(.extraMounts, "the mounts", if: !mounts.isEmpty)
        return needs
    }

    /// Packages are built into an image, or root inside installs them.
    static func needs(packages: [String]) -> [Need] {
        packages.isEmpty ? [] : [Need(capability: .imageBuild, alternative: .users, reason: "the packages")]
    }
}
